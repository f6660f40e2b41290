// Drawn by hand, as those of the whole app; only the account needs these.
import { Svg } from "../../ui/icons";

export const KeyIcon = () => (
  <Svg>
    <circle cx="8" cy="15" r="4" />
    <path d="m11 12 8-8M16 7l3 3M13.5 9.5l2 2" />
  </Svg>
);
export const PhoneIcon = () => (
  <Svg>
    <rect x="7" y="3" width="10" height="18" rx="2.5" />
    <path d="M11 17.5h2" />
  </Svg>
);
export const EyeIcon = () => (
  <Svg>
    <path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z" />
    <circle cx="12" cy="12" r="2.75" />
  </Svg>
);
export const LetterIcon = () => (
  <Svg>
    <path d="M4 5h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1h-9l-5 4v-4H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1z" />
  </Svg>
);
export const ArchiveIcon = () => (
  <Svg>
    <path d="M12 4v11M7.5 10.5 12 15l4.5-4.5M4 19.5h16" />
  </Svg>
);
export const DoorIcon = () => (
  <Svg>
    <path d="M10 4H6a1 1 0 0 0-1 1v14a1 1 0 0 0 1 1h4M15 8l4 4-4 4M19 12H9.5" />
  </Svg>
);
export const LeaveIcon = () => (
  <Svg>
    <circle cx="10" cy="8" r="4" />
    <path d="M3 20a7 7 0 0 1 11-5.7M16 16l5 5M21 16l-5 5" />
  </Svg>
);
