/** Commands that change what is shown, and how large. */
import { Maximize, Minus, PencilLine, Plus } from 'lucide-react';
import { shownVersion } from '../../state/pictures/versions';
import { actualSize, toggleMaskOnly, zoomBy } from './actions';
import { always, type Command, hasImage } from './command';

export const viewCommands = [
  {
    id: 'maskOnly',
    group: 'View',
    label: 'Mask only',
    help: 'Show only the mask',
    keys: ['m'],
    enabled: always,
    pressed: ({ editor }) => editor.look.show === 'maskOnly',
    run: ({ session }) => toggleMaskOnly(session.editor),
  },
  {
    id: 'zoomIn',
    group: 'View',
    label: 'Zoom in',
    icon: Plus,
    keys: ['+', '='],
    enabled: hasImage,
    run: ({ session }) => zoomBy(session.editor, 'in'),
  },
  {
    id: 'zoomOut',
    group: 'View',
    label: 'Zoom out',
    icon: Minus,
    keys: ['-'],
    enabled: hasImage,
    run: ({ session }) => zoomBy(session.editor, 'out'),
  },
  {
    id: 'fit',
    group: 'View',
    label: 'Fit',
    help: 'Fit the image to the window',
    icon: Maximize,
    keys: ['0'],
    enabled: hasImage,
    run: ({ session }) => session.editor.fit(),
  },
  {
    id: 'actualSize',
    group: 'View',
    label: 'Actual size (1:1)',
    keys: ['1'],
    enabled: hasImage,
    run: ({ session }) => actualSize(session.editor),
  },
  {
    id: 'compare',
    group: 'View',
    label: 'Hold to compare with the previous version',
    keys: ['c'],
    enabled: ({ versions }) => shownVersion(versions) !== undefined,
    run: ({ compare }) => compare(true),
    release: ({ compare }) => compare(false),
  },
  {
    id: 'continueFrom',
    group: 'View',
    label: 'Continue from this version',
    icon: PencilLine,
    keys: ['v'],
    enabled: ({ versions }) => versions.shownId !== null && versions.shownId !== versions.baseId,
    run: ({ session }) => {
      const { shownId } = session.versions.getState();
      if (shownId !== null) void session.continueFrom(shownId);
    },
  },
] as const satisfies readonly Command[];
