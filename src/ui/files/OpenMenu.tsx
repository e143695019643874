/** Other ways to open an image: a URL, the samples, the last session; and starting over. */
import { ChevronDown, FilePlus, History, Image, Link } from 'lucide-react';
import { Popover } from 'radix-ui';
import { type FormEvent, useId, useState } from 'react';
import { useStore } from 'zustand';
import { useApp, useEditor, useSession } from '../base/context';
import { openAddress } from './openAddress';
import './openMenu.css';

export function OpenMenu() {
  const session = useSession();
  const { samples, drafts } = useApp();
  const { offered } = useStore(drafts.store);
  const hasPicture = useEditor((state) => state.picture !== null);
  const [open, setOpen] = useState(false);
  const [address, setAddress] = useState('');
  const id = useId();
  const [problem, setProblem] = useState<string | null>(null);
  const [reading, setReading] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setReading(true);
    setProblem(null);
    const found = await openAddress(session, address);
    setReading(false);
    setProblem(found);
    if (found !== null) return;
    setOpen(false);
    setAddress('');
  };
  return (
    <Popover.Root
      open={open}
      onOpenChange={(now) => {
        setOpen(now);
        setProblem(null);
      }}
    >
      <Popover.Trigger asChild>
        <button type="button" className="icon-button open-more" aria-label="Other ways to open">
          <ChevronDown size={16} strokeWidth={1.8} aria-hidden />
        </button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className="popover"
          align="start"
          sideOffset={8}
          collisionPadding={8}
          aria-label="Other ways to open"
        >
          <form className="popover-form" onSubmit={submit}>
            <label htmlFor={id}>Image URL</label>
            <div className="popover-row">
              <input
                id={id}
                inputMode="url"
                autoComplete="off"
                placeholder="https://…"
                value={address}
                aria-invalid={problem !== null}
                aria-describedby={problem === null ? undefined : `${id}-problem`}
                onChange={(event) => {
                  setAddress(event.target.value);
                  setProblem(null);
                }}
              />
              <button type="submit" className="button" disabled={address.trim() === '' || reading}>
                <Link size={16} strokeWidth={1.8} aria-hidden />
                Open
              </button>
            </div>
            {problem !== null && (
              <p id={`${id}-problem`} className="field-error" role="alert">
                {problem}
              </p>
            )}
          </form>
          {samples.map(({ id: name, title, url }) => (
            <button
              type="button"
              key={name}
              className="menu-button"
              onClick={() => {
                setOpen(false);
                void drafts.startWith(() => session.openSample(url));
              }}
            >
              <Image size={16} strokeWidth={1.8} aria-hidden />
              <span>{title}</span>
            </button>
          ))}
          {hasPicture && offered && (
            <button
              type="button"
              className="menu-button"
              onClick={() => {
                setOpen(false);
                void drafts.accept();
              }}
            >
              <History size={16} strokeWidth={1.8} aria-hidden />
              <span>Restore session</span>
            </button>
          )}
          {hasPicture && (
            <button
              type="button"
              className="menu-button"
              onClick={() => {
                setOpen(false);
                void drafts.startAnew();
              }}
            >
              <FilePlus size={16} strokeWidth={1.8} aria-hidden />
              <span>Start over</span>
            </button>
          )}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
