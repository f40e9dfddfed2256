// Two foreign servers: oidc-provider on PORT with a service client and a public app, oauth2-mock-server on MOCK_PORT.
import Provider from "oidc-provider";
import { OAuth2Server } from "oauth2-mock-server";

const { PORT, MOCK_PORT, CLIENT_ID, CLIENT_SECRET, APP_ID } = process.env;
const issuer = `http://127.0.0.1:${PORT}`;
const provider = new Provider(issuer, {
	clients: [
		{ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, grant_types: ["client_credentials"], redirect_uris: [], response_types: [] },
		{
			client_id: APP_ID, token_endpoint_auth_method: "none", application_type: "native",
			redirect_uris: ["http://127.0.0.1/callback"], response_types: ["code"],
			grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
		},
	],
	features: { clientCredentials: { enabled: true }, deviceFlow: { enabled: true } },
	issueRefreshToken: async () => true,
	pkce: { methods: ["S256"], required: () => true },
	claims: { openid: ["sub"], email: ["email"], profile: ["name"] },
	findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, email: `${sub}@example.org` }) }),
});
await new Promise((done) => provider.listen(Number(PORT), "127.0.0.1", done));
const mock = new OAuth2Server();
await mock.issuer.keys.generate("RS256");
await mock.start(Number(MOCK_PORT), "127.0.0.1");
console.log(mock.issuer.url);
