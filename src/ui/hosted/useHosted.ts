/** What components read of the hosted API. */
import { useStore } from 'zustand';
import { type HostedState, hasAccess, isCutOff } from '../../state/hosted/hosted';
import { useApp } from '../base/context';

export const useHosted = () => useApp().hosted;

export const useHostedState = <T>(select: (state: HostedState) => T): T =>
  useStore(useHosted().store, select);

/** Whether runs go to the hosted API: what it lacks is disabled then, and the page says why. */
export const useHostedOn = (): boolean => useHostedState(({ on }) => on);

/** Why the current run can't be done on this device, while the question whether to send it is open. */
export const useHostedQuestion = (): string | null =>
  useHostedState(({ question }) => question?.reason ?? null);

/** What is sent where, while runs go to the hosted API; null while they stay on this device. */
export const useHostedNote = (): string | null =>
  useHostedState((state) => (state.on ? hostedNote(state) : null));

/** Where runs go, and what leaves this device. */
export function hostedNote(state: HostedState): string {
  const { on, server } = state;
  if (isCutOff(state)) return 'You’re offline; the hosted API can’t be reached.';
  if (!on) return 'Runs stay on this device. Nothing is uploaded.';
  if (server !== null) {
    return `Sends the mask, the area around it and the prompt to ${server}. Scheduler and strength are up to the server.`;
  }
  if (!hasAccess(state))
    return 'Sends the mask, the area around it and the prompt to fal.ai. An API key is needed.';
  return 'Sends the mask, the area around it and the prompt to fal.ai. Scheduler and strength aren’t available there.';
}
