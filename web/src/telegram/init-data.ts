const STORED = "tapps/launchParams"; // where the bridge keeps what was behind the #

/** Whoever has the init data is, for an hour, whom it was made for. So once it has signed him in, it lies about no
 * longer, neither in the address nor in storage. It stays in memory, and in the browser's own entry of this navigation,
 * which cannot be changed: both go with the page.
 *
 * No client gives it anew when the page is loaded again: phones and desktops load the address that is shown, the web ones
 * leave it to us. So what tells of the launch is kept without what proves it, and a reload goes on with the sign-in that
 * was kept; `lying` puts it back for when there is none. Where storage is forbidden, the address is all there is, and stays. */
export function leaveInitData(initData: string, lying: boolean): void {
  try {
    const params = new URLSearchParams(JSON.parse(sessionStorage.getItem(STORED) ?? '""') as string);
    if (!params.has("tgWebAppVersion")) return; // too old a client: the bridge could not read it, nor could it a second time
    params.set("tgWebAppData", lying ? initData : withoutProof(initData));
    if (!lying) params.delete("tgWebAppStartParam"); // it was followed
    sessionStorage.setItem(STORED, JSON.stringify(String(params)));
    if (lying) return;
    window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
  } catch {
    // As said above.
  }
}

function withoutProof(initData: string): string {
  const params = new URLSearchParams(initData);
  for (const proof of ["hash", "signature"]) params.set(proof, ""); // the bridge wants them to be there
  params.delete("start_param");
  return String(params);
}
