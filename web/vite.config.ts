import { lingui } from "@lingui/vite-plugin";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = process.env.ARTEL_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), lingui({ macroTransform: true, failOnMissing: true, failOnCompileError: true }), tailwindcss()],
  build: {
    target: ["chrome111", "safari16.4", "firefox128"],
    manifest: true,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": { target: server, ws: true } } },
});
