// An issuer of tokens for the tests of logins: npm's oidc-provider on a free port of the loopback.
// Says its address in one line on standard output and lives until its standard input closes.
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.argv[2]}/package.json`);
const { default: Provider } = await import(pathToFileURL(require.resolve("oidc-provider")));

const server = createServer();
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const issuer = `http://127.0.0.1:${server.address().port}`;
const native = { application_type: "native", token_endpoint_auth_method: "none" };
const provider = new Provider(issuer, {
  clients: [
    { client_id: "machine", client_secret: "machine-secret-1", grant_types: ["client_credentials"], redirect_uris: [], response_types: [] },
    { client_id: "person", ...native, grant_types: ["authorization_code", "refresh_token"], redirect_uris: ["http://127.0.0.1/callback"] },
    { client_id: "device", ...native, grant_types: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"], redirect_uris: [], response_types: [] },
  ],
  cookies: { keys: ["only for tests"] },
  scopes: ["openid", "offline_access", "read"],
  features: { clientCredentials: { enabled: true }, deviceFlow: { enabled: true }, devInteractions: { enabled: true } },
  issueRefreshToken: async () => true,
  ttl: { AccessToken: 1, ClientCredentials: 600, DeviceCode: 60, RefreshToken: 600, Session: 600, Grant: 600, Interaction: 600, IdToken: 600 },
});
server.on("request", provider.callback());
console.log(issuer);
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
