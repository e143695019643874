/** The API key of fal.ai: entered, shown masked, removed. */
import { KeyRound, Trash2 } from 'lucide-react';
import { type FormEvent, useId, useState } from 'react';
import { useHosted, useHostedState } from './useHosted';

export function HostedKey() {
  const hosted = useHosted();
  const { maskedKey, remembered, hasProxy } = useHostedState((all) => all);
  const [entered, setEntered] = useState('');
  const [remember, setRemember] = useState(false);
  const id = useId();
  if (maskedKey !== null) {
    return (
      <p className="hosted-key">
        <KeyRound size={16} aria-hidden />
        <span className="tabular">{maskedKey}</span>
        <small>{remembered ? 'remembered in this browser' : 'until you leave the page'}</small>
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
      <label htmlFor={id}>{hasProxy ? 'Your own key (optional)' : 'fal.ai API key'}</label>
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
        Get a fal.ai API key (each run is billed)
      </a>
      <label className="hosted-remember">
        <input type="checkbox" checked={remember} onChange={(event) => setRemember(event.target.checked)} />
        Remember key in this browser
      </label>
    </form>
  );
}
