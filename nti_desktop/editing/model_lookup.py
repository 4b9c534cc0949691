"""Finds the models that inversions were made with, which may lie elsewhere by now; a worker reads them."""

from collections.abc import Callable, Sequence

from nti_desktop.core.errors import Cancelled, NtiError
from nti_desktop.core.progress import CancelToken
from nti_desktop.editing.render_plan import Worker
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.models.library.lookup import ModelGone, find_made_with
from nti_desktop.project.schema import InversionRecord


class ModelLookup:
    """Remembers what is not there, until another photo is opened or the models have changed."""

    def __init__(
        self,
        worker: Worker,
        answered: Callable[[InversionRecord], None],
        failed: Callable[[InversionRecord, NtiError], None],
    ) -> None:
        """answered: the session knows its model by now, or `gone` says why not; failed: models cannot be read."""
        self._worker, self._answered, self._failed = worker, answered, failed
        self._session: Session | None = None
        self._cancel = CancelToken()
        self._asked: set[str] = set()  # fingerprints on their way
        self._gone: dict[str, ModelGone] = {}

    def open(self, session: Session) -> None:
        """Another photo; what was looked for for the one before need not be found any more."""
        self.stop()
        self._cancel = CancelToken()
        self._session = session
        self._asked.clear()
        self._gone.clear()

    def stop(self) -> None:
        """Stop looking."""
        self._cancel.cancel()

    def forget(self) -> None:
        """Other models are there now: what was missing may have come."""
        self._gone.clear()

    def gone(self, records: Sequence[InversionRecord]) -> tuple[InversionRecord, ModelGone] | None:
        """The first that cannot be rendered on, and why."""
        for record in records:
            if (gone := self._gone.get(record.model_fingerprint)) is not None:
                return record, gone
        return None

    def all_known(self, records: Sequence[InversionRecord]) -> bool:
        """Tell whether the models of all these inversions were found; look for those that were not, unless they are
        known to be gone, and tell `answered` of each.
        """
        session = self._session
        assert session is not None
        unknown = [record for record in records if session.known_model(record) is None]
        for record in unknown:
            if record.model_fingerprint not in self._asked | self._gone.keys():
                self._look(session, record)
        return not unknown

    def _look(self, session: Session, record: InversionRecord) -> None:
        cancel, could_be, wanted = self._cancel, session.could_be_of(record), record.model_fingerprint
        self._asked.add(wanted)

        def task() -> ModelEntry | ModelGone:
            try:
                return find_made_with(record.model, wanted, could_be, cancel, record.made_with)
            except ModelGone as gone:
                return gone

        def done(found: ModelEntry | ModelGone) -> None:
            if session is not self._session:
                return
            self._asked.discard(wanted)
            if isinstance(found, ModelGone):
                self._gone[wanted] = found
            else:
                session.meet_model(wanted, found)
            self._answered(record)

        def failed(error: NtiError) -> None:
            if session is self._session and not isinstance(error, Cancelled):
                self._asked.discard(wanted)
                self._failed(record, error)

        self._worker.submit(task, done, failed, lane=("find", wanted))
