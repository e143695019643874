/** Commands of the page: frame and canvas, files, the run, help. */
import {
  BroomSparkles,
  CircleQuestionMark,
  Copy,
  Crop,
  Download,
  Expand,
  FolderOpen,
  Sparkles,
} from 'lucide-react';
import { cancelCurrent, toggleAdjusting } from './actions';
import { always, type Command, type CommandState, hasImage, hasMask, isFree } from './command';

function removeTip(state: CommandState): string {
  if (state.run.running) return 'Remove: wait for the current run';
  if (state.editor.opening !== null) return 'Remove: wait until the image is open';
  if (!hasImage(state) || !hasMask(state)) return 'Remove: paint over what should go first';
  return 'Remove what is masked, on this device: what is around it continues there';
}

export const pageCommands = [
  {
    id: 'frame',
    group: 'Page',
    label: 'Adjust the frame',
    word: 'Frame',
    tip: (state) =>
      hasMask(state)
        ? 'Adjust the frame: the area that the model sees'
        : 'Adjust the frame, the area that the model sees: paint a mask first',
    icon: Crop,
    keys: ['s'],
    enabled: (state) => hasImage(state) && hasMask(state) && !state.run.running,
    pressed: ({ editor, run }) => editor.adjusting?.what === 'frame' && !run.running,
    run: ({ session }) => toggleAdjusting(session, 'frame'),
  },
  {
    id: 'canvas',
    group: 'Page',
    label: 'Outpaint: extend the canvas',
    word: 'Outpaint',
    tip: 'Outpaint: extend the canvas beyond the image',
    icon: Expand,
    keys: ['d'],
    enabled: (state) => hasImage(state) && !state.run.running,
    pressed: ({ editor, run }) => editor.adjusting?.what === 'canvas' && !run.running,
    run: ({ session }) => toggleAdjusting(session, 'canvas'),
  },
  {
    id: 'remove',
    group: 'Page',
    label: 'Remove',
    help: 'Remove what is masked',
    tip: removeTip,
    icon: BroomSparkles,
    keys: ['shift+delete', 'shift+backspace'],
    enabled: (state) => hasImage(state) && hasMask(state) && isFree(state),
    run: ({ session }) => void session.remove(),
  },
  {
    id: 'generate',
    group: 'Page',
    label: 'Generate',
    icon: Sparkles,
    keys: ['ctrl+enter'],
    everywhere: true,
    enabled: isFree,
    run: ({ session }) => void session.generate(),
  },
  {
    id: 'escape',
    group: 'Page',
    label: 'Cancel the current shape, adjustment, opening or run',
    keys: ['escape'],
    everywhere: true,
    enabled: always,
    run: ({ session }) => cancelCurrent(session),
  },
  {
    id: 'open',
    group: 'Page',
    label: 'Open image',
    icon: FolderOpen,
    keys: ['ctrl+o'],
    everywhere: true,
    enabled: always,
    run: ({ openPicker }) => openPicker(),
  },
  {
    id: 'download',
    group: 'Page',
    label: 'Download',
    help: 'Download the image shown',
    icon: Download,
    keys: ['ctrl+s'],
    everywhere: true,
    enabled: hasImage,
    run: ({ saving }) => void saving.download(),
  },
  {
    id: 'copy',
    group: 'Page',
    label: 'Copy',
    help: 'Copy the image shown',
    icon: Copy,
    keys: ['ctrl+c'],
    enabled: (state) => hasImage(state) && state.saving.busy !== 'copy',
    run: ({ saving }) => void saving.copy(),
  },
  {
    id: 'help',
    group: 'Page',
    label: 'Keys and help',
    help: 'This list',
    icon: CircleQuestionMark,
    keys: ['?'],
    enabled: always,
    run: ({ showHelp }) => showHelp(),
  },
] as const satisfies readonly Command[];
