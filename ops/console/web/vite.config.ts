import { defineConfig } from 'vite';

export default defineConfig({
  // The server puts each answer's own nonce in its place; only styles need one.
  html: { cspNonce: 'STYLE_NONCE' },
  oxc: { jsx: { runtime: 'automatic' } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200, // it is served from this very machine
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
    rolldownOptions: { checks: { moduleLevelDirective: false } }, // all of it runs in the browser
  },
});
