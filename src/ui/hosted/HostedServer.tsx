/** Your own server instead of fal.ai: it speaks the same API, so nothing else changes. */
import { HousePlug, Trash2 } from 'lucide-react';
import { type FormEvent, useId, useState } from 'react';
import { useHosted, useHostedState } from './useHosted';

export function HostedServer() {
  const hosted = useHosted();
  const { server, maskedServerKey } = useHostedState((all) => all);
  const [url, setUrl] = useState('');
  const [key, setKey] = useState('');
  const [remember, setRemember] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const id = useId();
  if (server !== null) {
    return (
      <p className="hosted-key">
        <HousePlug size={16} aria-hidden />
        <span>{server}</span>
        <small>{maskedServerKey === null ? 'without a key' : `key ${maskedServerKey}`}</small>
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
    setProblem(hosted.setServer(url, key, remember));
    setKey('');
  };
  return (
    <details>
      <summary>Or your own server (npm run serve)</summary>
      <form className="hosted-form" onSubmit={save}>
        <label htmlFor={`${id}-url`}>Server URL</label>
        <div className="hosted-line">
          <input
            id={`${id}-url`}
            type="text"
            inputMode="url"
            autoComplete="off"
            spellCheck={false}
            placeholder="http://127.0.0.1:8199"
            aria-invalid={problem !== null}
            aria-describedby={`${id}-problem`}
            value={url}
            onChange={(event) => {
              setUrl(event.target.value);
              setProblem(null);
            }}
          />
          <button type="submit" className="button" disabled={url.trim() === ''}>
            Use server
          </button>
        </div>
        <label htmlFor={`${id}-key`}>Server key (INLAY_KEY), if required</label>
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
          Remember the server key in this browser
        </label>
        <div id={`${id}-problem`} role="alert">
          {problem !== null && <span className="field-error">{problem}</span>}
        </div>
      </form>
    </details>
  );
}
