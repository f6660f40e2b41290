import { defineConfig } from "@hey-api/openapi-ts";

const METHODS = ["get", "post", "put", "patch", "delete"] as const;

// FastAPI's ids carry path and method; the function's own name says it all.
const shortName = (id: string): string => id.replace(/_(api_v1|healthz|readyz|_well_known)_.*$/, "");

export default defineConfig({
  input: "openapi.json",
  output: { path: "src/api/generated" },
  parser: {
    patch: {
      input: (document) => {
        for (const path of Object.values(document.paths ?? {})) {
          for (const method of METHODS) {
            const operation = (path as Record<string, { operationId?: string }>)[method];
            if (operation?.operationId) operation.operationId = shortName(operation.operationId);
          }
        }
      },
    },
  },
  plugins: [
    { name: "@hey-api/typescript", enums: false },
    "@hey-api/sdk",
    { name: "@hey-api/client-fetch", baseUrl: "", throwOnError: true },
  ],
});
