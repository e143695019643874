/** The option that shapes and the wand share. */
import { Replace, SquareMinus, SquarePlus } from 'lucide-react';
import type { ToolOption } from './tool';

/** How shapes and selections join the mask; Shift and Alt override it. */
export const mode = {
  kind: 'choice',
  field: 'mode',
  name: 'Combine with mask',
  default: 'add',
  choices: [
    { value: 'add', name: 'Add to the mask', label: 'Add', icon: SquarePlus, keys: 'Shift' },
    { value: 'subtract', name: 'Subtract from the mask', label: 'Subtract', icon: SquareMinus, keys: 'Alt' },
    { value: 'replace', name: 'Replace the mask', label: 'Replace', icon: Replace },
  ],
} as const satisfies ToolOption;
