/** Which model paints: one of those offered, or any name that a person types. */
import { Check, ChevronDown } from 'lucide-react';
import { type KeyboardEvent, useId, useRef, useState } from 'react';
import { MODELS_URL, type ModelOffer, offers, STARTER } from '../state/models';
import { useSession, useSettings } from './context';
import { Field, type FieldAttributes } from './Field';

export function ModelField() {
  const modelName = useSettings((state) => state.model_name);
  return (
    <div className="model">
      <Field label="Model" field="model_name">
        {(attributes) => <ModelCombobox attributes={attributes} modelName={modelName} />}
      </Field>
      <p className="model-note">
        {modelName.trim() === STARTER ? (
          <>
            <b>A starter</b> to try the editor with, ready at once. Its pictures are rough: the colours of
            some 200 everyday things, hardly their shapes; with an empty prompt, a soft fill. Real pictures
            come from{' '}
            <a href={MODELS_URL} target="_blank" rel="noreferrer">
              full Stable Diffusion models
            </a>
            : name one above by its Hugging Face id.
          </>
        ) : (
          <>
            A Hugging Face id, a repository’s address or that of a diffusers folder. The first run downloads
            it, which may be several GB; “starter” is the embedded one.
          </>
        )}
      </p>
    </div>
  );
}

/** The pattern of WAI-ARIA's editable combobox with a list. */
function ModelCombobox({ attributes, modelName }: { attributes: FieldAttributes; modelName: string }) {
  const session = useSession();
  const listId = useId();
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const offer = offers.find(({ model_name }) => model_name === modelName.trim());

  const choose = (chosen: ModelOffer) => {
    session.change({ model_name: chosen.model_name });
    setOpen(false);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setOpen(true);
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setActive((active + step + offers.length) % offers.length);
    } else if (event.key === 'Enter' && open && !event.ctrlKey) {
      event.preventDefault();
      const chosen = offers[active];
      if (chosen) choose(chosen);
      setOpen(false);
    } else if (event.key === 'Escape' && open) {
      // It closes the list; it must not cancel a run as well.
      event.nativeEvent.stopImmediatePropagation();
      setOpen(false);
    }
  };

  return (
    <div className="combobox" data-open={open || undefined}>
      <input
        {...attributes}
        ref={input}
        role="combobox"
        aria-expanded={open}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={open && active >= 0 ? `${listId}-${active}` : undefined}
        value={modelName}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="none"
        placeholder="starter, or a folder’s address"
        onChange={(event) => session.change({ model_name: event.target.value })}
        onKeyDown={onKeyDown}
        onBlur={() => setOpen(false)}
      />
      <span className="combobox-detail">
        {offer ? offer.detail : 'downloaded at the first run, then kept'}
      </span>
      <button
        type="button"
        tabIndex={-1}
        className="combobox-toggle"
        aria-label="Show models"
        // The input keeps the focus.
        onPointerDown={(event) => event.preventDefault()}
        onClick={() => {
          input.current?.focus();
          setActive(-1);
          setOpen(!open);
        }}
      >
        <ChevronDown size={18} strokeWidth={1.8} aria-hidden />
      </button>
      <div className="combobox-list" role="listbox" id={listId} aria-label="Models" hidden={!open}>
        {offers.map((each, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: keys act on the input, which holds the focus
          <div
            key={each.model_name}
            id={`${listId}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={each === offer}
            data-active={index === active || undefined}
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => choose(each)}
          >
            <span>
              <b>{each.title}</b>
              <small>{each.detail}</small>
            </span>
            {each === offer && <Check size={16} aria-hidden />}
          </div>
        ))}
        <p>
          Or type a Hugging Face id, such as stable-diffusion-v1-5/stable-diffusion-inpainting, or an address.
        </p>
      </div>
    </div>
  );
}
