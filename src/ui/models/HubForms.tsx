/** The Hugging Face Hub: an access token for this tab, and the URL of a mirror. */
import { KeyRound } from 'lucide-react';
import { type FormEvent, useId, useState } from 'react';
import { useModelState, useModels } from '../base/context';
import './hubForms.css';

/** Where an account's access tokens are made. */
const TOKENS_URL = 'https://huggingface.co/settings/tokens';

export function TokenForm() {
  const models = useModels();
  const { url, hasToken } = useModelState((state) => state.hub);
  const id = useId();
  const [token, setToken] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    models.setToken(token.trim() || undefined);
    setToken('');
  };
  return (
    <form className="hub-form" onSubmit={submit}>
      <label htmlFor={id}>Access token</label>
      <div className="hub-line">
        <input
          id={id}
          type="password"
          value={token}
          autoComplete="off"
          spellCheck={false}
          placeholder={hasToken ? 'token is set' : 'hf_…'}
          onChange={(event) => setToken(event.target.value)}
        />
        <button type="submit" className="button" disabled={token.trim() === ''}>
          <KeyRound size={15} strokeWidth={1.8} aria-hidden />
          Use token
        </button>
        {hasToken && (
          <button type="button" className="button" onClick={() => models.setToken(undefined)}>
            Remove
          </button>
        )}
      </div>
      <p className="hint-line">
        <span>
          {url === undefined && (
            <>
              <a href={TOKENS_URL} target="_blank" rel="noreferrer">
                Create one on Hugging Face
              </a>{' '}
              (read access is enough).{' '}
            </>
          )}
          Kept until you close this tab, and sent only to {hostOf(url)}.
        </span>
      </p>
    </form>
  );
}

export function HubUrlForm() {
  const models = useModels();
  const { url } = useModelState((state) => state.hub);
  const id = useId();
  const [typed, setTyped] = useState(url ?? '');
  const [error, setError] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const next = typed.trim().replace(/\/+$/, '');
    if (next !== '' && !isWebAddress(next)) {
      setError(
        'Not a valid URL. Start with https:// or http://, or leave the field empty to use Hugging Face.',
      );
      return;
    }
    setError('');
    models.setHubUrl(next || undefined);
  };
  return (
    <form className="hub-form" onSubmit={submit}>
      <label htmlFor={id}>Hub URL</label>
      <div className="hub-line">
        <input
          id={id}
          value={typed}
          inputMode="url"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          placeholder="https://huggingface.co"
          aria-invalid={error === '' ? undefined : true}
          onChange={(event) => setTyped(event.target.value)}
        />
        <button type="submit" className="button" disabled={typed.trim() === (url ?? '')}>
          Save
        </button>
      </div>
      <p className={error === '' ? 'hint-line' : 'field-error'} role={error === '' ? undefined : 'alert'}>
        {error || 'For a mirror of the Hub. Changing it removes the token.'}
      </p>
    </form>
  );
}

function isWebAddress(text: string): boolean {
  try {
    return /^https?:$/.test(new URL(text).protocol);
  } catch {
    return false;
  }
}

function hostOf(url: string | undefined): string {
  return url === undefined ? 'huggingface.co' : new URL(url).host;
}
