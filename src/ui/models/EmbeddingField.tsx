/** The embeddings (textual inversions) whose words the prompts may use; none at first. */
import { X } from 'lucide-react';
import { useEffect, useId, useState } from 'react';
import type { EmbeddingWord } from '../../state/models/modelLibrary';
import { type EmbeddingSetting, emptyEmbedding } from '../../state/settings/embeddings';
import { useModels, useRun, useSession, useSettings } from '../base/context';
import { useHostedOn } from '../hosted/useHosted';
import { AddOnButtons } from './AddOnButtons';
import './embeddingField.css';
import './loraField.css';

export function EmbeddingField() {
  const session = useSession();
  const hosted = useHostedOn();
  const embeddings = useSettings((state) => state.embeddings);
  const error = useRun((state) => state.fieldErrors.embeddings);
  const id = useId();
  const errorId = error === undefined ? undefined : `${id}-error`;

  const set = (next: readonly EmbeddingSetting[]) => session.change({ embeddings: next });

  return (
    <fieldset className="field embeddings" disabled={hosted}>
      <legend className="field-head">Embeddings</legend>
      {embeddings.map((embedding, index) => (
        <EmbeddingRow
          key={embedding.id}
          number={index + 1}
          embedding={embedding}
          errorId={errorId}
          onEdit={(change) => set(embeddings.map((one, i) => (i === index ? { ...one, ...change } : one)))}
          onRemove={() => set(embeddings.filter((_, i) => i !== index))}
        />
      ))}
      <AddOnButtons
        what="embedding"
        accept=".safetensors,.bin,.pt"
        onAdd={(source) => set([...embeddings, { ...emptyEmbedding(), source }])}
      />
      {hosted && <p className="lora-note">The hosted API doesn’t support embeddings.</p>}
      {error !== undefined && (
        <p className="field-error" id={errorId} role="alert">
          {error}
        </p>
      )}
    </fieldset>
  );
}

interface RowProps {
  number: number;
  embedding: EmbeddingSetting;
  /** Of the field's error message. */
  errorId: string | undefined;
  onEdit(change: Partial<EmbeddingSetting>): void;
  onRemove(): void;
}

function EmbeddingRow({ number, embedding, errorId, onEdit, onRemove }: RowProps) {
  const { source, token } = embedding;
  // A name is looked up once it is complete, which leaving the field says.
  const [asked, setAsked] = useState<string | File>(typeof source === 'string' ? '' : source);
  const found = useWord(asked);
  const known = found !== undefined && 'token' in found ? found : undefined;
  return (
    <div>
      <div className="embedding-line">
        {typeof source === 'string' ? (
          <input
            aria-label={`Embedding ${number}`}
            aria-invalid={errorId === undefined ? undefined : true}
            aria-describedby={errorId}
            value={source}
            spellCheck={false}
            autoComplete="off"
            autoCapitalize="none"
            placeholder="owner/name or URL"
            onChange={(event) => {
              onEdit({ source: event.target.value });
              setAsked('');
            }}
            onBlur={() => setAsked(source.trim())}
            onKeyDown={(event) => {
              if (event.key === 'Enter') setAsked(source.trim());
            }}
          />
        ) : (
          <span className="lora-file" title={source.name}>
            {source.name}
          </span>
        )}
        <input
          aria-label={`Word of embedding ${number}`}
          value={token}
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="none"
          placeholder={known?.token ?? 'its own name'}
          onChange={(event) => onEdit({ token: event.target.value })}
        />
        <button type="button" className="link" aria-label={`Remove embedding ${number}`} onClick={onRemove}>
          <X size={16} aria-hidden />
        </button>
      </div>
      {found !== undefined && 'complaint' in found && found.complaint !== '' && (
        <p className="field-error" role="alert">
          {found.complaint}
        </p>
      )}
      {known !== undefined && <WordNote word={token.trim() || known.token} known={known} />}
    </div>
  );
}

/** The word that calls it, and whether a prompt uses it: without, the embedding changes nothing. */
function WordNote({ word, known: { vectors, widths } }: { word: string; known: EmbeddingWord }) {
  const session = useSession();
  const prompt = useSettings((state) => state.prompt);
  const isNamed = useSettings((state) => state.prompt.includes(word) || state.negative_prompt.includes(word));
  return (
    <p className="embedding-note">
      <span>
        Write in the prompt: <code>{word}</code> ({vectors === 1 ? '1 vector' : `${vectors} vectors`},{' '}
        {widths.join(' and ')} wide)
      </span>
      {!isNamed && (
        <button
          type="button"
          className="link"
          aria-label={`Add to prompt: ${word}`}
          onClick={() => session.change({ prompt: `${prompt}${/\S$/.test(prompt) ? ' ' : ''}${word}` })}
        >
          Add to prompt
        </button>
      )}
    </p>
  );
}

/** @param asked blank: nothing is looked up @returns undefined until it is known */
function useWord(asked: string | File): EmbeddingWord | { complaint: string } | undefined {
  const models = useModels();
  const [found, setFound] = useState<EmbeddingWord | { complaint: string }>();
  useEffect(() => {
    setFound(undefined);
    if (asked === '') return;
    const controller = new AbortController();
    void models.readEmbedding(asked, controller.signal).then((answer) => {
      if (!controller.signal.aborted) setFound(answer);
    });
    return () => controller.abort();
  }, [asked, models]);
  return found;
}
