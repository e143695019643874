/** What the page remembers of the Hub: its address for good, the token for this tab's session only. */
import type { HubAccess } from '../../contract/modelLibrary';

export interface HubPreferences {
  read(): HubAccess;
  write(hub: HubAccess): void;
}

const URL_KEY = 'inlay.hub';
const TOKEN_KEY = 'inlay.hub.token';

/** Where the browser forbids storage, both last until the page is left. */
export function browserHubPreferences(): HubPreferences {
  return {
    read: () => ({ url: get('localStorage', URL_KEY), token: get('sessionStorage', TOKEN_KEY) }),
    write({ url, token }) {
      set('localStorage', URL_KEY, url);
      set('sessionStorage', TOKEN_KEY, token);
    },
  };
}

type Place = 'localStorage' | 'sessionStorage';

function get(place: Place, key: string): string | undefined {
  try {
    return window[place].getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

function set(place: Place, key: string, value: string | undefined): void {
  try {
    if (value === undefined) window[place].removeItem(key);
    else window[place].setItem(key, value);
  } catch {
    // Storage is forbidden or full: what is in memory serves until the page is left.
  }
}
