/** The page's own styles carry the nonce of its answer: its policy lets no others through. */
export function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';
}

// Where the library that keeps the page from scrolling under a dialog looks for it.
Object.assign(globalThis, { __webpack_nonce__: styleNonce() });
