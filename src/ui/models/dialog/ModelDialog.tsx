/** All models in one dialog: those on this device, those to download; their storage; where they come from. */
import { Search } from 'lucide-react';
import { useEffect, useState } from 'react';
import { checkModelName } from '../../../state/models/modelCatalogue';
import { useModelState, useModels, useSession } from '../../base/context';
import { Dialog, DialogTitle } from '../../controls/Dialog';
import { HubUrlForm, TokenForm } from '../HubForms';
import { KeptModels } from './KeptModels';
import { ModelCards } from './ModelCards';
import { OwnFiles, Room } from './StorageSections';
import './modelDialog.css';

export function ModelDialog({
  open,
  onOpenChange,
  begins = 'kept',
}: {
  open: boolean;
  onOpenChange(open: boolean): void;
  /** What stands first: what is on this device, or what can be downloaded. */
  begins?: 'kept' | 'recommended';
}) {
  const models = useModels();
  const [typed, setTyped] = useState('');
  useEffect(() => {
    if (!open) return;
    setTyped('');
    const prepare = async () => {
      await Promise.all([models.refresh(), models.checkOffers()]);
      // Once; its result is kept between visits.
      if (models.pace.basis() === null) await models.measureDevice();
    };
    void prepare();
  }, [open, models]);
  const close = () => onOpenChange(false);
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      kind="models"
      closeName="Close models"
      // The first Escape empties the search, the second closes the dialog.
      onEscape={(event) => {
        if (typed === '') return;
        event.preventDefault();
        setTyped('');
      }}
      // On a touch screen the keyboard would cover half of the list.
      focus={begins === 'recommended' || matchMedia('(pointer: coarse)').matches ? 'dialog' : 'first'}
    >
      <div className="models-head">
        <DialogTitle>Models</DialogTitle>
        <SearchField typed={typed} onType={setTyped} />
      </div>
      <div className="models-body fades">
        {begins === 'kept' && <KeptModels typed={typed} onChosen={close} />}
        <ModelCards typed={typed} onChosen={close}>
          <OtherModel typed={typed} onChosen={close} />
        </ModelCards>
        {begins === 'recommended' && <KeptModels typed={typed} onChosen={close} />}
        {typed.trim() === '' && (
          <>
            <OwnFiles onChosen={close} />
            <Room />
            <section aria-label="Where models come from">
              <h3>Hugging Face Hub</h3>
              <TokenForm />
              <HubUrlForm />
            </section>
          </>
        )}
      </div>
    </Dialog>
  );
}

function SearchField({ typed, onType }: { typed: string; onType(typed: string): void }) {
  return (
    <div className="models-search">
      <Search size={16} strokeWidth={1.8} aria-hidden />
      <input
        type="search"
        aria-label="Search models"
        placeholder="Search: photo, sd15, sdxl…"
        value={typed}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="none"
        onChange={(event) => onType(event.target.value)}
      />
    </div>
  );
}

/** Any other model goes by its name: what is typed can be looked up as it stands. */
function OtherModel({ typed, onChosen }: { typed: string; onChosen(): void }) {
  const session = useSession();
  const name = typed.trim();
  const isKept = useModelState((state) => state.kept?.some((model) => model.name === name) ?? false);
  // A short name is looked for among the models; an id, a URL or a path can only be a name.
  if (!/[/:]/.test(name) || isKept || checkModelName(name) !== null) {
    return (
      <p className="hint-line">
        Any other Stable Diffusion 1, 2 or XL model: enter its Hugging Face id or URL above, or in the Model
        field.
      </p>
    );
  }
  return (
    <p className="hint-line">
      <button
        type="button"
        className="button"
        onClick={() => {
          session.change({ model_name: name });
          onChosen();
        }}
      >
        Look up {name}
      </button>
    </p>
  );
}
