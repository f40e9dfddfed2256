"use strict";
// The only script: what works without it stays as it is when it is missing.

// <button type="button" hidden data-copy="id"> copies the text of the element with that id.
for (const button of document.querySelectorAll("[data-copy]")) {
	button.hidden = false;
	button.addEventListener("click", async () => {
		const source = document.getElementById(button.dataset.copy);
		const label = button.textContent;
		try {
			await navigator.clipboard.writeText(source.value ?? source.textContent);
			button.textContent = "Copied";
		} catch {
			getSelection().selectAllChildren(source);
			button.textContent = "Selected: copy it now";
		}
		setTimeout(() => { button.textContent = label; }, 2000);
	});
}

// <label hidden data-into="id"> with a file input: the file's text goes into that field.
for (const label of document.querySelectorAll("[data-into]")) {
	label.hidden = false;
	label.addEventListener("change", async ({ target }) => {
		document.getElementById(label.dataset.into).value = await target.files[0]?.text() ?? "";
	});
}

// <form data-autosubmit>: an answer to an app, which goes on by itself (form_post); without script by its button.
for (const form of document.querySelectorAll("form[data-autosubmit]")) form.submit();

// Passkeys: <form hidden data-passkey="create|get" data-options="URL"> with the fields csrf and credential. The options
// are fetched, the browser is asked, and the form is posted with what it answered.
const toBytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const toText = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
	.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

async function passkeyOptions(form) {
	const body = new URLSearchParams({ csrf: form.elements.csrf.value });
	const answer = await fetch(form.dataset.options, { method: "POST", body, redirect: "error" });
	if (!answer.ok) throw new Error("options");
	const options = await answer.json();
	options.challenge = toBytes(options.challenge);
	if (options.user) options.user.id = toBytes(options.user.id);
	for (const known of options.excludeCredentials ?? []) known.id = toBytes(known.id);
	return options;
}

function passkeySend(form, credential) {
	const response = {};
	for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
		if (credential.response[name]) response[name] = toText(credential.response[name]);
	form.elements.credential.value = JSON.stringify({
		id: credential.id, rawId: toText(credential.rawId), type: credential.type, response });
	form.submit();
}

let passkeyWaits; // the question that hangs on the e-mail field
async function passkeyAsk(form, more) {
	const publicKey = await passkeyOptions(form);
	const how = form.dataset.passkey === "create" ? "create" : "get";
	passkeySend(form, await navigator.credentials[how]({ publicKey, ...more }));
}

for (const form of window.PublicKeyCredential ? document.querySelectorAll("form[data-passkey]") : []) {
	const problem = form.querySelector("[data-passkey-error]");
	form.hidden = false;
	form.addEventListener("submit", async (event) => {
		event.preventDefault();
		passkeyWaits?.abort();
		problem.hidden = true;
		try {
			await passkeyAsk(form, {});
		} catch (error) {
			problem.textContent = error.name === "InvalidStateError"
				? "This device has a passkey for your account already."
				: "That did not work, or it was cancelled. Load the page again and try once more.";
			problem.hidden = false;
		}
	});
}

// Where the browser can, passkeys are offered in the e-mail field: <input autocomplete="username webauthn">.
(async () => {
	const form = document.querySelector("form[data-passkey=get]");
	if (!form || !document.querySelector("input[autocomplete~=webauthn]")) return;
	if (!await window.PublicKeyCredential?.isConditionalMediationAvailable?.()) return;
	passkeyWaits = new AbortController();
	try {
		await passkeyAsk(form, { mediation: "conditional", signal: passkeyWaits.signal });
	} catch { /* the button is there */ }
})();
