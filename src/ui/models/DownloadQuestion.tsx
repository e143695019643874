/** Generate needs a model that is not here: nothing of gigabytes is fetched unasked. */
import { Download } from 'lucide-react';
import { AlertDialog } from 'radix-ui';
import { titleOf } from '../../state/models/modelCatalogue';
import { about } from '../../state/models/pace';
import { bytesInWords } from '../../state/models/transfer';
import { useModelState, useModels } from '../base/context';
import { FitLine } from './FitLine';

export function DownloadQuestion() {
  const models = useModels();
  const question = useModelState((state) => state.question);
  return (
    <AlertDialog.Root open={question !== null} onOpenChange={(open) => open || models.answer(false)}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="dialog-shade" />
        <AlertDialog.Content className="dialog">
          <AlertDialog.Title>
            {question?.isBegun ? 'Download the rest of' : 'Download'} {question && titleOf(question.name)}?
          </AlertDialog.Title>
          <AlertDialog.Description asChild>
            <div>
              <p className="tabular">
                {question && (
                  <>
                    {question.isBegun ? 'Still to come: ' : ''}
                    <b>{bytesInWords(question.bytes)}</b>
                    {question.seconds !== null &&
                      `, ${about(question.seconds)} at the speed of the last download`}
                    . It is kept in this browser and works offline afterwards. Generating goes on by itself
                    once it is here; you can go on painting meanwhile.
                  </>
                )}
              </p>
              <p>{question && <FitLine name={question.name} />}</p>
            </div>
          </AlertDialog.Description>
          <div className="dialog-actions">
            <AlertDialog.Cancel className="button">Not now</AlertDialog.Cancel>
            <AlertDialog.Action className="button primary" onClick={() => models.answer(true)}>
              <Download size={15} aria-hidden />
              Download model
            </AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
