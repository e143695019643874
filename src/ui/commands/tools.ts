/** Commands of the tools: taking one up, and changing the brush. */
import { tools } from '../../editor/store';
import { harden, scaleBrush, swap } from './actions';
import { always, type Command, type CommandApp, type CommandState } from './command';

export const toolCommands = [
  ...tools.map(({ id, name, tip, key, icon }) => ({
    id,
    group: 'Tools' as const,
    label: name,
    tip,
    icon,
    keys: [key] as const,
    enabled: always,
    pressed: ({ editor }: CommandState) => editor.tool === id,
    run: ({ session }: CommandApp) => session.editor.setTool(id),
  })),
  {
    id: 'swap',
    group: 'Tools',
    label: 'Swap brush and eraser, or adding and subtracting',
    keys: ['x'],
    enabled: always,
    run: ({ session }) => swap(session.editor),
  },
  {
    id: 'smaller',
    group: 'Tools',
    label: 'Smaller brush',
    keys: ['['],
    enabled: always,
    run: ({ session }) => scaleBrush(session.editor, 'smaller'),
  },
  {
    id: 'larger',
    group: 'Tools',
    label: 'Larger brush',
    keys: [']'],
    enabled: always,
    run: ({ session }) => scaleBrush(session.editor, 'larger'),
  },
  {
    id: 'softer',
    group: 'Tools',
    label: 'Softer brush',
    keys: ['{'],
    enabled: always,
    run: ({ session }) => harden(session.editor, -1),
  },
  {
    id: 'harder',
    group: 'Tools',
    label: 'Harder brush',
    keys: ['}'],
    enabled: always,
    run: ({ session }) => harden(session.editor, 1),
  },
] as const satisfies readonly Command[];
