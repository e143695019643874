/** The hosted API: its switch, its key, and the question before a picture leaves this machine. */
import { Cloud, CloudOff, KeyRound, Trash2 } from 'lucide-react';
import { AlertDialog, Switch } from 'radix-ui';
import { createContext, type FormEvent, useContext, useId, useState } from 'react';
import { createStore, type StoreApi, useStore } from 'zustand';
import { type Hosted, type HostedState, hasAccess, isPublic } from '../state/hosted';
import { offerOf } from '../state/models';
import { useSession, useSettings } from './context';
import { Tip } from './Tip';

export const HostedContext = createContext<Hosted | null>(null);

const useHosted = () => useContext(HostedContext);

type Asking = Pick<HostedState, 'on' | 'question'>;
const neverOn = createStore<Asking>(() => ({ on: false, question: null }));

/** Whether runs go to the hosted API: what it lacks is disabled then, with the reason. */
export function useHostedOn(): boolean {
  const hosted = useHosted();
  return useStore<StoreApi<Asking>, boolean>(hosted?.store ?? neverOn, ({ on }) => on);
}

/** Why the run in hand cannot be made here, while the question whether to send it is open. */
export function useHostedQuestion(): string | null {
  const hosted = useHosted();
  return useStore<StoreApi<Asking>, string | null>(
    hosted?.store ?? neverOn,
    ({ question }) => question?.reason ?? null,
  );
}

/** Whether runs go to the hosted API, and whether they get there; null where the page was put together without it. */
export function useHostedReach(): HostedState | null {
  const hosted = useHosted();
  const state = useStore<StoreApi<Asking | HostedState>, Asking | HostedState>(
    hosted?.store ?? neverOn,
    (all) => all,
  );
  return 'online' in state ? state : null;
}

/** What is sent where, while runs go to the hosted API; null while they are made here. */
export function useHostedNote(): string | null {
  const hosted = useHosted();
  return useStore<StoreApi<Asking | HostedState>, string | null>(hosted?.store ?? neverOn, (state) =>
    state.on && 'online' in state ? noteOf(state) : null,
  );
}

/** In the bar at the top; nothing where the page was put together without the hosted API. */
export function HostedSwitch() {
  const hosted = useHosted();
  return hosted && <SwitchOf hosted={hosted} />;
}

function SwitchOf({ hosted }: { hosted: Hosted }) {
  const state = useStore(hosted.store);
  const id = useId();
  return (
    <Tip text={noteOf(state)}>
      <span className="hosted">
        {!state.online && <CloudOff size={16} strokeWidth={1.8} aria-hidden />}
        <label htmlFor={id}>Hosted API</label>
        <Switch.Root
          id={id}
          className="switch"
          aria-describedby={`${id}-note`}
          checked={state.on}
          onCheckedChange={hosted.setOn}
        >
          <Switch.Thumb className="switch-thumb" />
        </Switch.Root>
        <span id={`${id}-note`} className="sr-only">
          {noteOf(state)}
        </span>
      </span>
    </Tip>
  );
}

/** Where this machine cannot: turns the switch, whose panel then says what is sent and asks for the key. Sends nothing. */
export function HostedOffer({ onTaken }: { onTaken(): void }) {
  const hosted = useHosted();
  if (!hosted) return null;
  const take = () => {
    hosted.setOn(true);
    onTaken();
  };
  return (
    <button type="button" className="link" onClick={take}>
      <Cloud size={14} aria-hidden /> Use the hosted API
    </button>
  );
}

/** In the side panel: what is sent where, and the key. */
export function HostedPanel() {
  const hosted = useHosted();
  return hosted && <Panel hosted={hosted} />;
}

function Panel({ hosted }: { hosted: Hosted }) {
  const state = useStore(hosted.store);
  const isReached = useSettings((settings) => isPublic(settings.model_name.trim()));
  return (
    <>
      {(state.on || state.maskedKey !== null || state.always) && (
        <section className="hosted-panel" aria-label="Hosted API">
          <p role="status">
            <Cloud size={16} strokeWidth={1.8} aria-hidden />
            {noteOf(state)}
          </p>
          {state.on && !isReached && <OtherModel />}
          <Key hosted={hosted} state={state} />
          {state.always && (
            <p>
              Runs that cannot be made here are sent without asking.
              <button type="button" className="link" onClick={hosted.askAgain}>
                Ask again
              </button>
            </p>
          )}
        </section>
      )}
      <Consent hosted={hosted} state={state} />
    </>
  );
}

/** The starter is not out there: what can be used instead, at a press. */
function OtherModel() {
  const session = useSession();
  const offer = offerOf('stable-diffusion-v1-5/stable-diffusion-inpainting');
  return (
    <p>
      It cannot reach the model chosen below: choose one of the Hub.{' '}
      {offer && (
        <button
          type="button"
          className="link"
          onClick={() => session.change({ model_name: offer.model_name })}
        >
          Use {offer.title}
        </button>
      )}
    </p>
  );
}

function noteOf(state: HostedState): string {
  const { on, online } = state;
  if (!online) return 'This machine is offline: the hosted API cannot be reached.';
  if (!on) return 'Pictures are made here. Nothing is sent.';
  if (!hasAccess(state)) return 'The part around the mask goes to fal.ai, which asks for a key.';
  return 'The part around the mask and the prompt go to fal.ai; it has no choice of sampler or strength.';
}

function Key({ hosted, state }: { hosted: Hosted; state: HostedState }) {
  const [entered, setEntered] = useState('');
  const [remember, setRemember] = useState(false);
  const id = useId();
  if (state.maskedKey !== null) {
    return (
      <p className="hosted-key">
        <KeyRound size={16} aria-hidden />
        <span className="tabular">{state.maskedKey}</span>
        <small>{state.remembered ? 'kept in this browser' : 'until the page is left'}</small>
        <button type="button" className="icon-button" aria-label="Remove key" onClick={hosted.removeKey}>
          <Trash2 size={16} aria-hidden />
        </button>
      </p>
    );
  }
  const save = (event: FormEvent) => {
    event.preventDefault();
    hosted.setKey(entered, remember);
    setEntered('');
  };
  return (
    <form className="hosted-form" onSubmit={save}>
      <label htmlFor={id}>{state.hasProxy ? 'Key of your own (this server has one)' : 'Key of fal.ai'}</label>
      <div className="hosted-line">
        <input
          id={id}
          type="password"
          autoComplete="off"
          spellCheck={false}
          value={entered}
          onChange={(event) => setEntered(event.target.value)}
        />
        <button type="submit" className="button" disabled={entered.trim() === ''}>
          Use key
        </button>
      </div>
      <a href="https://fal.ai/dashboard/keys" target="_blank" rel="noreferrer">
        Get a key at fal.ai, which bills each run
      </a>
      <label className="hosted-remember">
        <input type="checkbox" checked={remember} onChange={(event) => setRemember(event.target.checked)} />
        Keep it in this browser
      </label>
    </form>
  );
}

/** Never sent without an answer; closing it is a no. Without a key it asks for one first. */
function Consent({ hosted, state }: { hosted: Hosted; state: HostedState }) {
  const { question, hasProxy } = state;
  const ready = hasAccess(state);
  return (
    <AlertDialog.Root open={question !== null} onOpenChange={(open) => open || hosted.answer('no')}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="dialog-shade" />
        <AlertDialog.Content className="dialog">
          <AlertDialog.Title>Send this run to the hosted API?</AlertDialog.Title>
          <AlertDialog.Description asChild>
            <div>
              <p>This machine cannot make it. {question?.reason}</p>
              <p>
                The part of the picture around the mask, the mask and the prompt would go to fal.ai, which
                bills {hasProxy ? 'this server’s' : 'your'} key. It takes no LoRAs, embeddings, scheduler or
                strength: these are left out.
              </p>
            </div>
          </AlertDialog.Description>
          {!hasProxy && <Key hosted={hosted} state={state} />}
          <div className="dialog-actions">
            <AlertDialog.Cancel className="button">Do not send</AlertDialog.Cancel>
            <button
              type="button"
              className="button"
              disabled={!ready}
              onClick={() => hosted.answer('always')}
            >
              Always send
            </button>
            <AlertDialog.Action
              className="button primary"
              disabled={!ready}
              onClick={() => hosted.answer('once')}
            >
              Send once
            </AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
