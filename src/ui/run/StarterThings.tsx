/** Beneath the prompt while the starter is chosen: a few things that it can draw, and words that it does not know. */
import { Info } from 'lucide-react';
import { useEffect, useState } from 'react';
import { STARTER } from '../../state/models/modelCatalogue';
import { loadThings, namedThings, type Things, unknownWords, withArticle } from '../../state/settings/things';
import { useApp, useSession, useSettings } from '../base/context';
import './starterThings.css';

/** So many as fit into a line. */
const FEW = ['mushroom', 'cat', 'sailboat'];

export function StarterThings() {
  const isChosen = useSettings((state) => state.model_name.trim() === STARTER);
  const prompt = useSettings((state) => state.prompt);
  const session = useSession();
  const things = useThings(isChosen);
  const [all, setAll] = useState(false);
  if (!isChosen || things === null) return null;
  const unknown = unknownWords(prompt, things);
  const [first, ...others] = namedThings(prompt, things);
  const names = all ? things.map(({ name }) => name) : FEW;
  return (
    <div className="things">
      <div className={all ? 'things-list fades' : 'things-list'} data-all={all || undefined}>
        {names.map((name) => (
          <button
            type="button"
            className="chip"
            key={name}
            aria-pressed={prompt === withArticle(name)}
            onClick={() => session.change({ prompt: withArticle(name) })}
          >
            {name}
          </button>
        ))}
        <button
          type="button"
          className="chip"
          aria-expanded={all}
          aria-label={all ? 'Fewer things' : 'More things'}
          onClick={() => setAll(!all)}
        >
          {all ? 'Fewer' : 'More…'}
        </button>
      </div>
      <p className="things-note" role="status">
        {unknown.length > 0 && (
          <>
            <Info size={15} strokeWidth={1.8} aria-hidden />
            <span>The starter does not know {listed(unknown)}: it would only take away what is masked.</span>
          </>
        )}
        {first !== undefined && others.length > 0 && (
          <>
            <Info size={15} strokeWidth={1.8} aria-hidden />
            <span>
              The starter draws one thing at a time: here <em>{first}</em>.
            </span>
          </>
        )}
      </p>
    </div>
  );
}

/** `woman`, `woman or man`, `woman, man or …`: emphasised. */
function listed(words: readonly string[]) {
  const shown = words.slice(0, 3);
  return shown.map((word, i) => (
    <span key={word}>
      {i > 0 && (i === shown.length - 1 ? ' or ' : ', ')}
      <em>{word}</em>
    </span>
  ));
}

/** Asked for once the starter is chosen. Without the list there are no chips: the prompt works as well. */
function useThings(wanted: boolean): Things | null {
  const { samples } = useApp();
  const [things, setThings] = useState<Things | null>(null);
  const { href } = new URL('../models/starter/concepts.json', samples[0].url);
  useEffect(() => {
    if (!wanted) return;
    let isGone = false;
    loadThings(new URL(href)).then(
      (found) => !isGone && setThings(found),
      (error: unknown) => console.warn(error),
    );
    return () => {
      isGone = true;
    };
  }, [wanted, href]);
  return things;
}
