/** Google lets nobody in from a browser inside another app, which could read along; it answers with a bare 403. */
export function isInsideAnotherApp(userAgent: string = navigator.userAgent): boolean {
  if (/; wv\)|Telegram-Android|FBAN|FBAV|Instagram|\bLine\/|VKAndroidApp|VKClient|MicroMessenger/.test(userAgent)) {
    return true;
  }
  return /iPhone|iPad|iPod/.test(userAgent) && /AppleWebKit/.test(userAgent) && !/Safari\//.test(userAgent);
}
