/** What makes a command: one object that its button, its keys and the help sheet read. */
import type { LucideIcon } from 'lucide-react';
import type { EditorState } from '../../editor/store';
import type { Versions } from '../../state/pictures/versions';
import type { Saving, SavingState } from '../../state/session/saving';
import type { RunState, Session } from '../../state/session/session';

export interface Command {
  readonly id: string;
  /** Its heading in the help sheet. */
  readonly group: Group;
  /** The accessible name of its button. */
  readonly label: string;
  /** The word beneath the icon, where its button has one: a part of the label. */
  readonly word?: string;
  /** Its line in the help sheet, if the label says too little there. */
  readonly help?: string;
  /** Its tooltip, if the label says too little there. */
  readonly tip?: string | ((state: CommandState) => string);
  readonly icon?: LucideIcon;
  /** As `combinationOf` writes them; the first one is shown. */
  readonly keys: readonly [string, ...string[]];
  /** Whether its keys also work while text is typed. */
  readonly everywhere?: true;
  /**
   * Whether its button can be pressed. Keys do not ask: what there is nothing to do for does nothing, and what comes
   * while the mask is being computed waits for its turn.
   */
  enabled(state: CommandState): boolean;
  /** Whether its button stays pressed. */
  pressed?(state: CommandState): boolean;
  run(app: CommandApp): void;
  /** Ends what lasts as long as the key is held. */
  release?(app: CommandApp): void;
}

export const groups = ['Tools', 'Mask', 'View', 'Result', 'Page'] as const;
export type Group = (typeof groups)[number];

/** What commands act on. */
export interface CommandApp {
  session: Session;
  saving: Saving;
  openPicker(): void;
  showHelp(): void;
  /** Shows the previous version as long as it is held. */
  compare(isHeld: boolean): void;
}

/** What decides whether a command is enabled. */
export interface CommandState {
  editor: EditorState;
  run: RunState;
  versions: Versions;
  saving: SavingState;
}

export const hasImage = ({ editor }: CommandState) => editor.picture !== null;
export const hasMask = ({ editor }: CommandState) => editor.maskBounds.width > 0;
/** Whether a run could begin now. */
export const isFree = ({ editor, run }: CommandState) => !run.running && editor.opening === null;
export const always = () => true;
