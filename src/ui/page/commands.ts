/** Every key of the page in one table: what the listener acts on, and what tooltips and the help sheet show. */

export type CommandId =
  | 'brush'
  | 'eraser'
  | 'lasso'
  | 'polygon'
  | 'rectangle'
  | 'ellipse'
  | 'wand'
  | 'swap'
  | 'smaller'
  | 'larger'
  | 'softer'
  | 'harder'
  | 'undo'
  | 'redo'
  | 'fill'
  | 'invert'
  | 'clear'
  | 'grow'
  | 'shrink'
  | 'feather'
  | 'transparency'
  | 'importMask'
  | 'saveMask'
  | 'maskAlone'
  | 'zoomIn'
  | 'zoomOut'
  | 'fit'
  | 'actualSize'
  | 'compare'
  | 'continueFrom'
  | 'frame'
  | 'canvas'
  | 'open'
  | 'download'
  | 'copy'
  | 'generate'
  | 'escape'
  | 'help';

export interface Command {
  id: CommandId;
  group: 'Tools' | 'Mask' | 'View' | 'Page';
  action: string;
  /** As `combinationOf` writes them; the first one is shown. */
  keys: readonly [string, ...string[]];
}

export const commands: readonly Command[] = [
  { id: 'brush', group: 'Tools', action: 'Brush', keys: ['b'] },
  { id: 'eraser', group: 'Tools', action: 'Eraser', keys: ['e'] },
  { id: 'lasso', group: 'Tools', action: 'Lasso', keys: ['l'] },
  { id: 'rectangle', group: 'Tools', action: 'Rectangle', keys: ['r'] },
  { id: 'ellipse', group: 'Tools', action: 'Ellipse', keys: ['o'] },
  { id: 'polygon', group: 'Tools', action: 'Polygon', keys: ['p'] },
  { id: 'wand', group: 'Tools', action: 'Magic wand', keys: ['w'] },
  { id: 'swap', group: 'Tools', action: 'Paint or erase, add or subtract', keys: ['x'] },
  { id: 'smaller', group: 'Tools', action: 'Smaller brush', keys: ['['] },
  { id: 'larger', group: 'Tools', action: 'Larger brush', keys: [']'] },
  { id: 'softer', group: 'Tools', action: 'Softer brush', keys: ['{'] },
  { id: 'harder', group: 'Tools', action: 'Harder brush', keys: ['}'] },
  { id: 'undo', group: 'Mask', action: 'Undo', keys: ['ctrl+z'] },
  { id: 'redo', group: 'Mask', action: 'Redo', keys: ['ctrl+shift+z', 'ctrl+y'] },
  { id: 'fill', group: 'Mask', action: 'Mask everything', keys: ['a', 'ctrl+a'] },
  { id: 'invert', group: 'Mask', action: 'Invert the mask', keys: ['i', 'ctrl+i'] },
  { id: 'clear', group: 'Mask', action: 'Clear the mask', keys: ['delete', 'backspace'] },
  { id: 'grow', group: 'Mask', action: 'Grow the mask', keys: ['g'] },
  { id: 'shrink', group: 'Mask', action: 'Shrink the mask', keys: ['shift+g'] },
  { id: 'feather', group: 'Mask', action: 'Feather the mask', keys: ['f'] },
  { id: 'transparency', group: 'Mask', action: 'Mask from transparency', keys: ['t'] },
  { id: 'importMask', group: 'Mask', action: 'Import a mask', keys: ['ctrl+shift+o'] },
  { id: 'saveMask', group: 'Mask', action: 'Save the mask', keys: ['ctrl+shift+s'] },
  { id: 'maskAlone', group: 'View', action: 'Show the mask alone', keys: ['m'] },
  { id: 'zoomIn', group: 'View', action: 'Zoom in', keys: ['+', '='] },
  { id: 'zoomOut', group: 'View', action: 'Zoom out', keys: ['-'] },
  { id: 'fit', group: 'View', action: 'Fit the picture', keys: ['0'] },
  { id: 'actualSize', group: 'View', action: 'One picture pixel on one screen pixel', keys: ['1'] },
  { id: 'compare', group: 'View', action: 'Hold to compare with what it was painted on', keys: ['c'] },
  { id: 'continueFrom', group: 'View', action: 'Continue from the version that is shown', keys: ['v'] },
  { id: 'frame', group: 'Page', action: 'Adjust the frame that is sent', keys: ['s'] },
  { id: 'canvas', group: 'Page', action: 'Draw the canvas out', keys: ['d'] },
  { id: 'generate', group: 'Page', action: 'Generate', keys: ['ctrl+enter'] },
  {
    id: 'escape',
    group: 'Page',
    action: 'Drop the shape in hand; leave frame and canvas; cancel the run',
    keys: ['escape'],
  },
  { id: 'open', group: 'Page', action: 'Open a picture', keys: ['ctrl+o'] },
  { id: 'download', group: 'Page', action: 'Download what lies on the canvas', keys: ['ctrl+s'] },
  { id: 'copy', group: 'Page', action: 'Copy what lies on the canvas', keys: ['ctrl+c'] },
  { id: 'help', group: 'Page', action: 'This list', keys: ['?'] },
];

/** What is held or turned rather than pressed: for the help sheet. */
export const gestures: readonly { group: Command['group']; keys: string; action: string }[] = [
  { group: 'Tools', keys: 'Shift', action: 'Add with a shape or the wand; a straight line with the brush' },
  { group: 'Tools', keys: 'Alt', action: 'Subtract with a shape or the wand; erase with the brush' },
  { group: 'Tools', keys: 'Ctrl', action: 'Keep rectangle and ellipse square' },
  { group: 'Tools', keys: 'Arrows', action: 'Move a cursor over the canvas; with Shift pixel by pixel' },
  { group: 'Tools', keys: 'Enter', action: 'Press and release it; close a polygon' },
  {
    group: 'Page',
    keys: 'Arrows',
    action: 'Move an edge of frame or canvas that has the focus; with Shift pixel by pixel',
  },
  { group: 'View', keys: 'Wheel, pinch', action: 'Zoom about the pointer' },
  { group: 'View', keys: 'Space, middle button, two fingers', action: 'Move the picture' },
];

const byId = new Map(commands.map((command) => [command.id, command]));
const byCombination = new Map(commands.flatMap(({ id, keys }) => keys.map((key) => [key, id] as const)));

export function commandOf(combination: string): CommandId | undefined {
  return byCombination.get(combination);
}

/** `Ctrl Shift Z`; `⌘ ⇧ Z` on a Mac. */
export function keysOf(id: CommandId, isMac = onMac()): string {
  const combination = byId.get(id)?.keys[0] ?? '';
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
  if (byCombination.has(key)) return undefined;
  if (code === 'BracketLeft') return shiftKey ? '{' : '[';
  if (code === 'BracketRight') return shiftKey ? '}' : ']';
  return undefined;
}

function onMac(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.platform);
}
