/** Generate needs a model that isn't on this device: gigabytes are only downloaded after a question. */
import { Download } from 'lucide-react';
import { isSelector, titleOf } from '../../state/models/modelCatalogue';
import { about } from '../../state/models/pace';
import { bytesInWords } from '../../state/models/transfer';
import { useModelState, useModels } from '../base/context';
import { AlertDialog, AlertDialogAction, AlertDialogCancel } from '../controls/AlertDialog';
import { FitLine } from './FitLine';

export function DownloadQuestion() {
  const models = useModels();
  const question = useModelState((state) => state.question);
  const selects = question !== null && isSelector(question.name);
  return (
    <AlertDialog
      open={question !== null}
      onDismiss={() => models.answer(false)}
      title={
        <>
          {question?.isBegun ? 'Download the rest of' : 'Download'} {question && titleOf(question.name)}?
        </>
      }
      description={
        <>
          <p className="tabular">
            {question && (
              <>
                {question.isBegun ? 'Remaining: ' : ''}
                <b>{bytesInWords(question.bytes)}</b>
                {question.seconds !== null &&
                  `, ${about(question.seconds)} at the speed of the last download`}
                . It is stored in this browser and then works offline.{' '}
                {selects
                  ? 'You can keep painting meanwhile.'
                  : 'Generation starts automatically after the download; you can keep painting meanwhile.'}
              </>
            )}
          </p>
          <p>{question && !selects && <FitLine name={question.name} />}</p>
        </>
      }
      actions={
        <>
          <AlertDialogCancel className="button">Not now</AlertDialogCancel>
          <AlertDialogAction className="button primary" onClick={() => models.answer(true)}>
            <Download size={15} aria-hidden />
            Download model
          </AlertDialogAction>
        </>
      }
    />
  );
}
