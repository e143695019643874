/** The hosted API: its switch, its key, and the question before a picture leaves this machine. */
import { Cloud, CloudOff, HousePlug, KeyRound, Trash2 } from 'lucide-react';
import { Switch } from 'radix-ui';
import { createContext, type FormEvent, useContext, useId, useState } from 'react';
import { createStore, type StoreApi, useStore } from 'zustand';
import { type Hosted, type HostedState, hasAccess, isCutOff, isReached } from '../../state/hosted/hosted';
import { offerOf } from '../../state/models/modelCatalogue';
import { useSession, useSettings } from '../base/context';
import { AlertDialog, AlertDialogAction, AlertDialogCancel } from '../controls/AlertDialog';
import { Tooltip } from '../controls/Tooltip';
import './hostedPanel.css';

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
    <Tooltip text={noteOf(state)}>
      <span className="hosted">
        {isCutOff(state) && <CloudOff size={16} strokeWidth={1.8} aria-hidden />}
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
    </Tooltip>
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
  const reaches = useSettings((settings) => isReached(settings.model_name.trim(), state));
  return (
    <>
      {(state.on || state.maskedKey !== null || state.server !== null || state.always) && (
        <section className="hosted-panel" aria-label="Hosted API">
          <p role="status">
            <Cloud size={16} strokeWidth={1.8} aria-hidden />
            {noteOf(state)}
          </p>
          {state.on && !reaches && <OtherModel />}
          {state.server === null && <Key hosted={hosted} state={state} />}
          <Server hosted={hosted} state={state} />
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
  const { on, server } = state;
  if (isCutOff(state)) return 'This machine is offline: the hosted API cannot be reached.';
  if (!on) return 'Pictures are made here. Nothing is sent.';
  if (server !== null) {
    return `The part around the mask and the prompt go to ${server}; scheduler and strength are its own.`;
  }
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

/** A server of one's own in place of fal.ai: the same API, so that nothing else changes. */
function Server({ hosted, state }: { hosted: Hosted; state: HostedState }) {
  const [address, setAddress] = useState('');
  const [key, setKey] = useState('');
  const [remember, setRemember] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const id = useId();
  if (state.server !== null) {
    return (
      <p className="hosted-key">
        <HousePlug size={16} aria-hidden />
        <span>{state.server}</span>
        <small>{state.maskedServerKey === null ? 'without a key' : `key ${state.maskedServerKey}`}</small>
        <button
          type="button"
          className="icon-button"
          aria-label="Remove server"
          onClick={hosted.removeServer}
        >
          <Trash2 size={16} aria-hidden />
        </button>
      </p>
    );
  }
  const save = (event: FormEvent) => {
    event.preventDefault();
    setProblem(hosted.setServer(address, key, remember));
    setKey('');
  };
  return (
    <details>
      <summary>Or your own server (npm run serve)</summary>
      <form className="hosted-form" onSubmit={save}>
        <label htmlFor={`${id}-address`}>Server address</label>
        <div className="hosted-line">
          <input
            id={`${id}-address`}
            type="text"
            inputMode="url"
            autoComplete="off"
            spellCheck={false}
            placeholder="http://127.0.0.1:8199"
            aria-invalid={problem !== null}
            aria-describedby={`${id}-problem`}
            value={address}
            onChange={(event) => {
              setAddress(event.target.value);
              setProblem(null);
            }}
          />
          <button type="submit" className="button" disabled={address.trim() === ''}>
            Use server
          </button>
        </div>
        <label htmlFor={`${id}-key`}>Server key (INLAY_KEY), if it asks for one</label>
        <input
          id={`${id}-key`}
          type="password"
          autoComplete="off"
          spellCheck={false}
          value={key}
          onChange={(event) => setKey(event.target.value)}
        />
        <label className="hosted-remember">
          <input type="checkbox" checked={remember} onChange={(event) => setRemember(event.target.checked)} />
          Keep the server key in this browser
        </label>
        <div id={`${id}-problem`} role="alert">
          {problem !== null && <span className="field-error">{problem}</span>}
        </div>
      </form>
    </details>
  );
}

/** Never sent without an answer; closing it is a no. Without a key it asks for one first. */
function Consent({ hosted, state }: { hosted: Hosted; state: HostedState }) {
  const { question, hasProxy, server } = state;
  const ready = hasAccess(state);
  return (
    <AlertDialog
      open={question !== null}
      onDismiss={() => hosted.answer('no')}
      title="Send this run to the hosted API?"
      description={
        <>
          <p>This machine cannot make it. {question?.reason}</p>
          <p>
            The part of the picture around the mask, the mask and the prompt would go to{' '}
            {server ?? `fal.ai, which bills ${hasProxy ? 'this server’s' : 'your'} key`}. It takes no LoRAs,
            embeddings, scheduler or strength: these are left out.
          </p>
        </>
      }
      actions={
        <>
          <AlertDialogCancel className="button">Do not send</AlertDialogCancel>
          <button type="button" className="button" disabled={!ready} onClick={() => hosted.answer('always')}>
            Always send
          </button>
          <AlertDialogAction
            className="button primary"
            disabled={!ready}
            onClick={() => hosted.answer('once')}
          >
            Send once
          </AlertDialogAction>
        </>
      }
    >
      {!hasProxy && server === null && <Key hosted={hosted} state={state} />}
    </AlertDialog>
  );
}
