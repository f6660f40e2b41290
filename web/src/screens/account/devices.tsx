import { useLingui } from "@lingui/react/macro";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { data, devices, signOutDevice, signOutEverywhere } from "../../api";
import type { DeviceOut } from "../../api/generated";
import { queries } from "../../app/queries";
import { renew, signOut } from "../../auth/session";
import { useWhen } from "../../lib/evening";
import { inTelegram } from "../../telegram";
import { Button } from "../../ui/button";
import { List, Row } from "../../ui/row";
import { Failed, Section, Skeleton } from "../../ui/screen";
import { Sheet } from "../../ui/sheet";
import { toast } from "../../ui/toast";
import { deviceName } from "./device-name";
import { PhoneIcon } from "./icons";
import { Hint, Page } from "./page";
import { useSay } from "./say";

const KEY = ["devices"];

export const useDevices = () => useQuery({ queryKey: KEY, queryFn: () => data(devices()), staleTime: 0 });

export function Devices() {
  const { t } = useLingui();
  const [asking, setAsking] = useState(false);
  const found = useDevices();
  const mine = found.data?.filter(({ current }) => current) ?? [];
  const others = found.data?.filter(({ current }) => !current) ?? [];
  return (
    <Page title={t`Devices`}>
      {found.isPending && <Skeleton rows={2} />}
      {found.isError && <Failed onAgain={() => void found.refetch()} />}
      <Group title={t`This device`} devices={mine} />
      <Group title={t`Others`} devices={others} />
      {found.data && others.length === 0 && <Hint>{t`You are signed in nowhere else.`}</Hint>}
      {others.length > 0 && (
        <div className="flex flex-col gap-2">
          <Button wide onClick={() => setAsking(true)}>
            {t`Sign out everywhere`}
          </Button>
          <Hint>{t`A phone is lost, or a device is not yours? Everybody is out at once.`}</Hint>
        </div>
      )}
      {asking && <Everywhere onClose={() => setAsking(false)} />}
    </Page>
  );
}

function Group({ title, devices }: { title: string; devices: DeviceOut[] }) {
  return devices.length === 0 ? null : (
    <Section title={title}>
      <List label={title}>
        {devices.map((device) => (
          <Device key={device.id} device={device} />
        ))}
      </List>
    </Section>
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
  return (
    <li>
      <Row
        whole
        icon={<PhoneIcon />}
        title={name}
        note={device.current ? t`you are here` : seen}
        aside={
          !device.current && (
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
    onSuccess: () => (inTelegram() ? renew().then(onClose) : signOut()),
    onSettled: () => queries.invalidateQueries({ queryKey: KEY }),
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
