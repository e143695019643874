/** Undo and redo: one line of steps for strokes, versions and the canvas. */
import { Redo2, Undo2 } from 'lucide-react';
import type { Command } from './command';

export const historyCommands = [
  {
    id: 'undo',
    group: 'Mask',
    label: 'Undo',
    icon: Undo2,
    keys: ['ctrl+z'],
    enabled: ({ editor }) => editor.canUndo,
    run: ({ session }) => session.editor.undo(),
  },
  {
    id: 'redo',
    group: 'Mask',
    label: 'Redo',
    icon: Redo2,
    keys: ['ctrl+shift+z', 'ctrl+y'],
    enabled: ({ editor }) => editor.canRedo,
    run: ({ session }) => session.editor.redo(),
  },
] as const satisfies readonly Command[];
