import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./api/client";
import { App } from "./app/app";
import { followSignIn } from "./app/follow-sign-in";
import { reloadOnOldRelease } from "./app/preload";
import { startAuth } from "./auth/session";
import { activate, firstLanguage } from "./i18n";
import "./styles.css";
import { ready, startTelegram } from "./telegram";

reloadOnOldRelease();
startTelegram();
const spoken = activate(firstLanguage());
followSignIn(spoken);
void startAuth();
await spoken;

const root = document.getElementById("root");
if (!root) throw new Error("the page has no root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
ready();
