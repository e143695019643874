/** The current settings as a program for the hosted API. */
import { Check, Code, Copy } from 'lucide-react';
import { Tabs } from 'radix-ui';
import { useEffect, useState } from 'react';
import { codeLanguages, codeWarning, requestCode } from '../../state/settings/requestCode';
import { checkSettings } from '../../state/settings/settings';
import { useSettings } from '../base/context';
import { Dialog, DialogDescription, DialogTitle } from '../controls/Dialog';
import './codeDialog.css';

const COPIED_MS = 2000;

/** The button in the side panel, with its dialog. */
export function CodeButton() {
  return (
    <Dialog
      trigger={
        <button type="button" className="link code-button">
          <Code size={14} aria-hidden /> Request as code
        </button>
      }
      kind="code"
      closeName="Close code"
      isDescribed
    >
      <DialogTitle>Request as code</DialogTitle>
      <DialogDescription>
        These settings for the hosted API fal-ai/inpaint. Replace the two example URLs with your image and its
        mask (white on black, same size). The API key is read from FAL_KEY.
      </DialogDescription>
      <Programs />
    </Dialog>
  );
}

function Programs() {
  const { checked, errors } = checkSettings(useSettings((state) => state));
  if (!checked) return <p role="alert">{Object.values(errors)[0]}</p>;
  const warning = codeWarning(checked);
  return (
    <>
      {warning && <p role="status">{warning}</p>}
      <Tabs.Root defaultValue={codeLanguages[0]}>
        <Tabs.List className="code-tabs" aria-label="Language">
          {codeLanguages.map((language) => (
            <Tabs.Trigger key={language} value={language}>
              {language}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {codeLanguages.map((language) => (
          <Tabs.Content key={language} value={language} className="code-body">
            <Program code={requestCode(language, checked)} />
          </Tabs.Content>
        ))}
      </Tabs.Root>
    </>
  );
}

function Program({ code }: { code: string }) {
  const [state, setState] = useState<'idle' | 'copied' | 'refused'>('idle');
  useEffect(() => {
    if (state !== 'copied') return;
    const timer = setTimeout(() => setState('idle'), COPIED_MS);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = () =>
    navigator.clipboard.writeText(code).then(
      () => setState('copied'),
      () => setState('refused'),
    );
  return (
    <>
      <button type="button" className="button" onClick={() => void copy()}>
        {state === 'copied' ? <Check size={16} aria-hidden /> : <Copy size={16} aria-hidden />}
        Copy
      </button>
      <span className="sr-only" role="status">
        {state === 'copied' && 'Copied'}
      </span>
      {state === 'refused' && <p role="alert">The browser blocked copying. Select the text and copy it.</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and the keyboard must be able to */}
      <pre tabIndex={0}>
        <code>{code}</code>
      </pre>
    </>
  );
}
