/** The user's own files as models, and how much space the browser gives them. */
import { FileUp, FolderUp, ShieldCheck } from 'lucide-react';
import { useState } from 'react';
import { bytesInWords, freeInWords } from '../../../state/models/transfer';
import { useModelState, useModels } from '../../base/context';
import { useModelFiles } from '../useModelFiles';

export function OwnFiles({ onChosen }: { onChosen(): void }) {
  const [problem, setProblem] = useState<string | null>(null);
  const pick = useModelFiles((found) => {
    setProblem(found);
    if (found === null) onChosen();
  });
  return (
    <section aria-label="Your own files">
      <h3>Your own files</h3>
      <div className="hub-line">
        <button type="button" className="button" onClick={() => pick('file')}>
          <FileUp size={15} strokeWidth={1.8} aria-hidden />
          Open model file
        </button>
        <button type="button" className="button" onClick={() => pick('folder')}>
          <FolderUp size={15} strokeWidth={1.8} aria-hidden />
          Open model folder
        </button>
      </div>
      <p className="hint-line">
        Open a .safetensors or .ckpt file or a diffusers folder, or drop it on the page. It is copied to the
        browser’s storage and isn’t uploaded.
      </p>
      <div role="alert">{problem !== null && <p className="field-error">{problem}</p>}</div>
    </section>
  );
}

export function Room() {
  const models = useModels();
  const storage = useModelState((state) => state.storage);
  const [asked, setAsked] = useState(false);
  if (storage === null) return null;
  const { freeBytes, usedBytes, isPersistent } = storage;
  const parts = [usedBytes === undefined ? '' : `${bytesInWords(usedBytes)} used`, freeInWords(freeBytes)];
  return (
    <section aria-label="Storage">
      <h3>Storage</h3>
      <p className="tabular">{parts.filter(Boolean).join(' · ')}</p>
      {isPersistent ? (
        <p className="hint-line good">
          <ShieldCheck size={15} strokeWidth={1.8} aria-hidden /> The browser keeps models until you delete
          them.
        </p>
      ) : (
        <div className="fetch-line">
          <span className="hint-line">
            {asked
              ? 'The browser may delete models when disk space runs low. Installing the app or bookmarking it can prevent that.'
              : 'The browser may delete models when disk space runs low.'}
          </span>
          <button
            type="button"
            className="button"
            onClick={() => void models.persist().then(() => setAsked(true))}
          >
            Keep for good
          </button>
        </div>
      )}
    </section>
  );
}
