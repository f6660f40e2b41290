import { useLingui } from "@lingui/react/macro";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { data, devices, signOutDevice, signOutEverywhere } from "../../api";
import type { DeviceOut } from "../../api/generated";
import { queries } from "../../app/queries";
import { signOut } from "../../auth/session";
import { useWhen } from "../../lib/evening";
import { inTelegram } from "../../telegram";
import { Button } from "../../ui/button";
import { List, Row } from "../../ui/row";
import { Failed, Skeleton } from "../../ui/screen";
import { Sheet } from "../../ui/sheet";
import { toast } from "../../ui/toast";
import { deviceName } from "./device-name";
import { Part } from "./part";
import { useSay } from "./say";

const KEY = ["devices"];

export function Devices() {
  const { t } = useLingui();
  const [asking, setAsking] = useState(false);
  const found = useQuery({ queryKey: KEY, queryFn: () => data(devices()), staleTime: 0 });
  const mine = found.data?.filter(({ current }) => current) ?? [];
  const others = found.data?.filter(({ current }) => !current) ?? [];
  return (
    <Part title={t`Where I am signed in`}>
      {found.isPending && <Skeleton rows={2} />}
      {found.isError && <Failed onAgain={() => void found.refetch()} />}
      {found.data && (
        <List label={t`Where I am signed in`}>
          {[...mine, ...others].map((device) => (
            <Device key={device.id} device={device} />
          ))}
        </List>
      )}
      {others.length > 0 && (
        <Button wide look="danger" onClick={() => setAsking(true)}>
          {t`Sign out everywhere`}
        </Button>
      )}
      {asking && <Everywhere onClose={() => setAsking(false)} />}
    </Part>
  );
}

function Device({ device }: { device: DeviceOut }) {
  const { t } = useLingui();
  const when = useWhen();
  const say = useSay();
  const leave = useMutation({
    mutationFn: () => signOutDevice({ path: { sign_in_id: device.id } }),
    onSuccess: () => toast(t`Signed out there`),
    onError: say,
    onSettled: () => queries.invalidateQueries({ queryKey: KEY }),
  });
  const name = deviceName(device.user_agent, device.provider) ?? t`some device`;
  const seen = when(device.last_seen_at);
  const own = inTelegram() ? null : (
    <Button className="min-h-11 bg-well font-normal" onClick={() => void signOut()}>
      {t`Sign out`}
    </Button>
  );
  return (
    <li>
      <Row
        whole
        title={name}
        note={device.current ? t`this device` : t`last seen: ${seen}`}
        aside={
          device.current ? (
            own
          ) : (
            <Button
              className="min-h-11 bg-well font-normal"
              aria-label={t`${name}: sign out`}
              busy={leave.isPending}
              onClick={() => leave.mutate()}
            >
              {t`Sign out`}
            </Button>
          )
        }
      />
    </li>
  );
}

/** Here too: whoever has lost a phone wants to be sure. A launch in Telegram signs in again by itself. */
function Everywhere({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const say = useSay();
  const leave = useMutation({
    mutationFn: () => signOutEverywhere(),
    onSuccess: () => (inTelegram() ? window.location.reload() : signOut()),
    onError: say,
  });
  return (
    <Sheet title={t`Sign out everywhere?`} onClose={onClose}>
      <div className="flex flex-col gap-4">
        <p>{t`All devices will have to sign in again, this one too. Nothing that was written down is lost.`}</p>
        <Button wide look="danger" busy={leave.isPending} onClick={() => leave.mutate()}>
          {t`Sign out everywhere`}
        </Button>
      </div>
    </Sheet>
  );
}
