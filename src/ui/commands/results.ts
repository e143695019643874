/** Commands for the result that is shown and waits to be accepted. */
import { Check, ChevronLeft, ChevronRight, CirclePlus, RefreshCw, X } from 'lucide-react';
import { alternativesOf, pendingResult } from '../../state/pictures/versions';
import type { Session } from '../../state/session/session';
import type { Command, CommandState } from './command';

const isPending = ({ run, versions }: CommandState) => !run.running && pendingResult(versions) !== undefined;

const hasOthers = (state: CommandState) => {
  const pending = pendingResult(state.versions);
  return isPending(state) && pending !== undefined && alternativesOf(state.versions, pending).length > 1;
};

/** Shows the result `by` places further on, from the last one to the first. Keys come at any time: nothing during a run. */
function turn({ run, versions, show }: Session, by: 1 | -1): void {
  const state = versions.getState();
  const pending = pendingResult(state);
  if (!pending || run.getState().running) return;
  const all = alternativesOf(state, pending);
  const next = all.at((all.indexOf(pending) + by) % all.length);
  if (next && next !== pending) show(next.id);
}

export const resultCommands = [
  {
    id: 'previousResult',
    group: 'Result',
    label: 'Previous result',
    icon: ChevronLeft,
    keys: [','],
    enabled: hasOthers,
    run: ({ session }) => turn(session, -1),
  },
  {
    id: 'nextResult',
    group: 'Result',
    label: 'Next result',
    icon: ChevronRight,
    keys: ['.'],
    enabled: hasOthers,
    run: ({ session }) => turn(session, 1),
  },
  {
    id: 'again',
    group: 'Result',
    label: 'Again',
    help: 'Again: another result in the same place',
    tip: 'Again: another result, from another seed',
    icon: RefreshCw,
    keys: ['k'],
    enabled: isPending,
    run: ({ session }) => void session.again(),
  },
  {
    id: 'moreAround',
    group: 'Result',
    label: 'A little more around',
    word: 'More around',
    tip: 'A little more around: grow the mask, and again',
    icon: CirclePlus,
    keys: ['shift+k'],
    enabled: isPending,
    run: ({ session }) => void session.moreAround(),
  },
  {
    id: 'discard',
    group: 'Result',
    label: 'Discard',
    help: 'Discard the result: back to before, with the mask',
    tip: 'Discard: back to before, with the mask. The result stays among the versions',
    icon: X,
    keys: ['n'],
    enabled: isPending,
    run: ({ session }) => {
      if (!session.run.getState().running && pendingResult(session.versions.getState())) session.show(null);
    },
  },
  {
    id: 'accept',
    group: 'Result',
    label: 'Accept',
    help: 'Accept the result: it becomes the image, without the mask',
    tip: 'Accept: this becomes the image, without the mask',
    icon: Check,
    keys: ['y'],
    enabled: isPending,
    run: ({ session }) => {
      const pending = pendingResult(session.versions.getState());
      if (pending && !session.run.getState().running) void session.accept(pending.id);
    },
  },
] as const satisfies readonly Command[];
