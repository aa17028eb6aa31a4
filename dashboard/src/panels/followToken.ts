import type { Live } from '../live'

const KEY = 'observability.token'

/** A token is kept for this tab, and forgotten with it. It is never part of the URL. */
export function followToken(live: Live): void {
  const kept = sessionStorage.getItem(KEY)
  if (kept !== null) live.setToken(kept)
  live.onToken = token => {
    if (token === null) sessionStorage.removeItem(KEY)
    else sessionStorage.setItem(KEY, token)
  }
}
