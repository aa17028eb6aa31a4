/**
 * The aggregators to read: in development those that the AppHost passes, otherwise the one that served the page.
 * Addresses are http(s) origins.
 */
export function aggregatorAddresses(configured: string | undefined, pageOrigin: string): readonly string[] {
  const addresses = (configured ?? '').split(',').map(address => address.trim().replace(/\/+$/, '')).filter(address => address !== '')
  return addresses.length === 0 ? [pageOrigin] : [...new Set(addresses)]
}
