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
