/** All commands in one table: buttons, keys and the help sheet read it. A new command is a row of its group's file. */
import type { Command, Group } from './command';
import { historyCommands } from './history';
import { maskCommands } from './mask';
import { pageCommands } from './page';
import { resultCommands } from './results';
import { toolCommands } from './tools';
import { viewCommands } from './view';

const table = [
  ...toolCommands,
  ...historyCommands,
  ...maskCommands,
  ...viewCommands,
  ...resultCommands,
  ...pageCommands,
] as const;

export type CommandId = (typeof table)[number]['id'];
/** The commands that an icon button can show. */
export type IconCommandId = Extract<(typeof table)[number], { icon: unknown }>['id'];

export const commands: readonly (Command & { id: CommandId })[] = table;

const byId = new Map<CommandId, Command>(commands.map((command) => [command.id, command]));
const byKeys = new Map(commands.flatMap((command) => command.keys.map((keys) => [keys, command] as const)));

export function commandOf(id: CommandId): Command {
  const found = byId.get(id);
  if (!found) throw new RangeError(`no command is called ${id}`);
  return found;
}

/** @param keys as `combinationOf` writes them */
export function commandByKeys(keys: string): (Command & { id: CommandId }) | undefined {
  return byKeys.get(keys);
}

/** A command's line in the help sheet. */
export const helpOf = ({ help, label }: Command): string => help ?? label;

/** What is held or turned rather than pressed: for the help sheet. */
export const gestures: readonly { group: Group; keys: string; help: string }[] = [
  { group: 'Tools', keys: 'Shift', help: 'Shapes and wand: add. Brush: a straight line' },
  { group: 'Tools', keys: 'Alt', help: 'Shapes and wand: subtract. Brush: erase' },
  { group: 'Tools', keys: 'Ctrl', help: 'Rectangle and ellipse: equal sides' },
  { group: 'Tools', keys: 'Arrows', help: 'Move the keyboard cursor; with Shift, pixel by pixel' },
  { group: 'Tools', keys: 'Enter', help: 'Start or stop painting at the keyboard cursor; close a polygon' },
  {
    group: 'Page',
    keys: 'Arrows',
    help: 'Move the focused edge of the frame or canvas; with Shift, pixel by pixel',
  },
  { group: 'View', keys: 'Wheel, pinch', help: 'Zoom at the pointer' },
  { group: 'View', keys: 'Space, middle button, two fingers', help: 'Move the image' },
];
