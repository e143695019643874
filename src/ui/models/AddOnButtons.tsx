/** Adds a LoRA or an embedding to its list: an empty line for its name, or a file from disk. */
import { File as FileIcon, Plus } from 'lucide-react';
import { useRef } from 'react';
import './addOnButtons.css';

/** @param what e.g. `LoRA` @param accept the files' endings, as of an input */
export function AddOnButtons({
  what,
  accept,
  onAdd,
}: {
  what: string;
  accept: string;
  onAdd(source: string | File): void;
}) {
  const file = useRef<HTMLInputElement>(null);
  return (
    <p className="lora-add">
      <button type="button" className="link" onClick={() => onAdd('')}>
        <Plus size={14} aria-hidden /> Add {what}
      </button>
      <button type="button" className="link" onClick={() => file.current?.click()}>
        <FileIcon size={14} aria-hidden /> From a file
      </button>
      <input
        ref={file}
        type="file"
        hidden
        accept={accept}
        onChange={(event) => {
          const [chosen] = event.target.files ?? [];
          if (chosen !== undefined) onAdd(chosen);
          event.target.value = '';
        }}
      />
    </p>
  );
}
