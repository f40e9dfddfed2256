// oidc-provider with its own sign-in pages on PORT, one client, and whoever signs in is who he says.
import Provider from "oidc-provider";

const { PORT, CLIENT_ID, CLIENT_SECRET, REDIRECT } = process.env;
const issuer = `http://127.0.0.1:${PORT}`;
const provider = new Provider(issuer, {
	clients: [{ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: [REDIRECT] }],
	claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
	pkce: { methods: ["S256"], required: () => true },
	findAccount: (_, sub) => ({
		accountId: sub,
		claims: () => ({ sub, email: `${sub}@example.org`, email_verified: true, name: `Person ${sub}` }),
	}),
});
provider.listen(Number(PORT), "127.0.0.1", () => console.log("ready"));
