/** Keys as events bring them, as the table of commands writes them, and as people read them. */
import { type CommandId, commandByKeys, commandOf } from './index';

/** `Ctrl Shift Z`; `⌘ ⇧ Z` on a Mac. */
export function keysOf(id: CommandId, isMac = onMac()): string {
  const [combination] = commandOf(id).keys;
  const names: Record<string, string> = isMac ? { ctrl: '⌘', shift: '⇧' } : {};
  const parts = combination === '+' ? ['+'] : combination.split('+');
  return parts
    .map((part) => names[part] ?? (part === '-' ? '−' : `${part.charAt(0).toUpperCase()}${part.slice(1)}`))
    .join(' ');
}

/** What of a key event says which key it is. */
export interface KeyPress {
  key: string;
  code: string;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
  /** As of an event. */
  getModifierState?(modifier: 'AltGraph'): boolean;
}

/**
 * A key event as the table writes it: `ctrl+` (⌘ counts as it), `shift+` for letters and named keys, `alt+`, then the
 * key in lower case. On keyboards without Latin letters the letter is the one printed there on others.
 *
 * Brackets count as they are typed, with Alt (on a Mac) or AltGr too; where their place on an American keyboard has a
 * letter, a mark or a dead key that means nothing else here, that place counts.
 */
export function combinationOf(event: KeyPress): string {
  const latin = /^[\x20-\x7e]+$/.test(event.key);
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1];
  const bracket = bracketOf(event);
  const key = bracket ?? (latin || !letter ? event.key : letter).toLowerCase();
  // Windows reports AltGr as Ctrl with Alt.
  const typed = bracket !== undefined && (event.altKey || event.getModifierState?.('AltGraph') === true);
  const control = !typed && (event.ctrlKey || event.metaKey) ? 'ctrl+' : '';
  const alt = !typed && event.altKey ? 'alt+' : '';
  // A sign such as ? already says whether Shift was held.
  const shift = event.shiftKey && (key.length > 1 || /[a-z]/.test(key)) ? 'shift+' : '';
  return `${control}${alt}${shift}${key}`;
}

function bracketOf({ key, code, shiftKey }: KeyPress): string | undefined {
  if (/^[[\]{}]$/.test(key)) return key;
  // Such as + on a German keyboard, which zooms.
  if (commandByKeys(key)) return undefined;
  if (code === 'BracketLeft') return shiftKey ? '{' : '[';
  if (code === 'BracketRight') return shiftKey ? '}' : ']';
  return undefined;
}

function onMac(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.platform);
}
