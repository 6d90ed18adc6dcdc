/**
 * The console's key: it came once behind the # of the address, which browsers send nowhere, and is kept
 * for this very address, so that links open in other tabs as well. A local stack's console has none.
 */
const KEPT = 'scai-console-key';

const given = keyInAddress();
if (given) window.history.replaceState(null, '', window.location.pathname + window.location.search);
// Whoever opens the address where the page is open already only changes what stands behind the #.
window.addEventListener('hashchange', () => keyInAddress() && window.location.reload());

/** What every call carries: a page of another origin can't send it. */
export const OURS = { 'X-SCAI-Console': given ?? localStorage.getItem(KEPT) ?? '' };

/** Keeps the key that was given, once the console has taken it: any page may link here with a false one. */
export function keepKey(): void {
  if (given) localStorage.setItem(KEPT, given);
}

function keyInAddress(): string | null {
  return new URLSearchParams(window.location.hash.slice(1)).get('key');
}
