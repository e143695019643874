import { useSession } from '../../base/context';

/** Chooses a model and closes the dialog; its settings follow. */
export function useChoose(onChosen: () => void): (name: string) => void {
  const session = useSession();
  return (name) => {
    session.change({ model_name: name });
    onChosen();
  };
}
