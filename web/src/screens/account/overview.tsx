import { useLingui } from "@lingui/react/macro";
import { type ComponentType, type ReactNode, useEffect, useRef } from "react";
import { Link } from "react-router";
import { useMe } from "../../auth/hooks";
import { signOut } from "../../auth/session";
import { inTelegram } from "../../telegram";
import { NextIcon } from "../../ui/icons";
import { List, Row } from "../../ui/row";
import { Screen } from "../../ui/screen";
import { NAMES, useIdentities } from "./again";
import { Back } from "./back";
import { useDevices } from "./devices";
import { ArchiveIcon, DoorIcon, EyeIcon, KeyIcon, LeaveIcon, PhoneIcon } from "./icons";
import { Stay } from "./leaving";
import { Picture } from "./profile";
import { Writing } from "./writing";

/** Where he went from here, for the focus to be there again when he comes back. */
let went: string | null = null;

export function Overview() {
  const { t } = useLingui();
  const me = useMe();
  const ways = useIdentities()
    .data?.map(({ provider }) => NAMES[provider])
    .filter(Boolean)
    .join(", ");
  const devices = useDevices().data?.length;
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (went) list.current?.querySelector<HTMLElement>(`[href="/account/${went}"]`)?.focus();
    went = null;
  }, []);
  return (
    <Screen title={t`Account`} back>
      <Back />
      {me.deletes_at && <Stay at={me.deletes_at} />}
      <div ref={list} className="flex flex-col gap-4">
        <List>
          <Way
            to="profile"
            picture={<Picture key={me.avatar_url} />}
            title={<b>{me.display_name}</b>}
            note={t`Name and language`}
          />
        </List>
        <List>
          <Way to="ways" icon={KeyIcon} title={t`Ways to sign in`} value={ways} />
          <Way to="devices" icon={PhoneIcon} title={t`Devices`} value={devices} />
          <Way to="privacy" icon={EyeIcon} title={t`Privacy`} />
        </List>
        <Writing />
        <List>
          <Way to="data" icon={ArchiveIcon} title={t`My data`} />
          {!inTelegram() && (
            <li>
              <Row icon={<DoorIcon />} title={t`Sign out`} aside="" onTap={() => void signOut()} />
            </li>
          )}
          {!me.deletes_at && <Way to="leave" icon={LeaveIcon} title={t`Leave Artel`} />}
        </List>
      </div>
    </Screen>
  );
}

interface WayProps {
  to: string;
  icon?: ComponentType;
  picture?: ReactNode;
  title: ReactNode;
  note?: string;
  /** How it is now. */
  value?: ReactNode;
}

function Way({ to, icon: Icon, picture, title, note, value }: WayProps) {
  return (
    <li>
      <Link
        to={`/account/${to}`}
        onClick={() => {
          went = to;
        }}
        className="flex min-h-14 items-center gap-3 px-4 py-2 -outline-offset-3 active:bg-well"
      >
        {Icon && (
          <span className="shrink-0 text-accent">
            <Icon />
          </span>
        )}
        {picture}
        <span className="min-w-0 grow">
          <span dir="auto" className="block truncate">
            {title}
          </span>
          {note && <span className="block text-s text-hint">{note}</span>}
        </span>
        {value !== undefined && <span className="min-w-0 truncate text-hint">{value}</span>}
        <NextIcon className="size-4 shrink-0 text-hint" />
      </Link>
    </li>
  );
}
