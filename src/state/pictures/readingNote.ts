/** The note about an imported mask: how it was read, and which other reading is offered. */

import { maskNote, whyEmpty } from '../../image/mask/maskNotes';
import type { MaskFacts, MaskReading } from '../../image/mask/maskReading';

export interface ReadingNote {
  text: string;
  /** The mask's file, for reading it again. */
  file: File;
  /** The other reading; undefined is the one that the file suggests. */
  other: MaskReading | undefined;
  action: string;
  /** The editor's mask revision when it was read: once the mask changes, the note no longer applies. */
  revision: number;
}

const actions: Record<MaskReading, string> = {
  luminance: 'Read its brightness',
  alpha: 'Read its opacity',
  inverted: 'Invert it',
};

const readings: Record<MaskReading, string> = {
  luminance: 'The mask is now read by its brightness: white is repainted, black is kept.',
  alpha: 'The mask is now read by its opacity: what is opaque is repainted.',
  inverted: 'The mask is now inverted: what was kept is repainted.',
};

/** @returns null if the reading is obvious */
export function readingNote(facts: MaskFacts, file: File, revision: number): ReadingNote | null {
  if (facts.reading !== undefined) {
    return { text: readings[facts.reading], file, other: undefined, action: 'Read it as before', revision };
  }
  const note = maskNote(facts);
  return (
    note && { text: sentence(note.text), file, other: note.other, action: actions[note.other], revision }
  );
}

/** @returns why a file cannot be the mask, because it masks nothing; null if it masks something */
export function emptyMaskProblem(facts: MaskFacts, name: string): string | null {
  const why = whyEmpty(facts);
  return why && `“${name}” was not taken: ${why}.`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
