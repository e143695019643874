/** What the page remembers of the Hub: its URL from visit to visit, the token for this tab only. */
import type { HubAccess } from '../../contract/modelLibrary';

export interface HubPreferences {
  read(): HubAccess;
  write(hub: HubAccess): void;
}

const URL_KEY = 'inlay.hub';
const TOKEN_KEY = 'inlay.hub.token';

/** If the browser forbids storage, both last until the page is left. */
export function browserHubPreferences(): HubPreferences {
  return {
    read: () => ({ url: get('localStorage', URL_KEY), token: get('sessionStorage', TOKEN_KEY) }),
    write({ url, token }) {
      set('localStorage', URL_KEY, url);
      set('sessionStorage', TOKEN_KEY, token);
    },
  };
}

type Area = 'localStorage' | 'sessionStorage';

function get(area: Area, key: string): string | undefined {
  try {
    return window[area].getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

function set(area: Area, key: string, value: string | undefined): void {
  try {
    if (value === undefined) window[area].removeItem(key);
    else window[area].setItem(key, value);
  } catch {
    // Storage is forbidden or full: the values in memory last until the page is left.
  }
}
