import { Text, Title } from '@mantine/core';
import { Link } from 'react-router';

import { getHealth, type Check, type Door } from '../api';
import { answer, RHYTHMS, useLive } from '../data';
import { Copyable, Facts, Loaded, PageHead, Status, When } from '../parts/basics';
import { span, words } from '../words';

const DOORS: Record<Door['name'], string> = { relay: 'Webhook relay', partner: 'EventBridge partner source' };
/** Where more is to be seen of what a check is about. */
const SEEN: Record<string, string> = {
  failures: '/causes', stripe: '/replays', drift: '/drift', reconciliation: '/drift', 'events set aside': '/drift', 'dead letters': '/dead-letters',
};
const ORDER = { bad: 0, warn: 1, ok: 2 };

export function HealthPage() {
  const query = useLive(['health'], () => answer(getHealth()), RHYTHMS.costly);
  return (
    <Loaded query={query}>
      {({ healthy, at, doors, checks }) => (
        <>
          <PageHead title="Health" says={<>Looked at <When at={at} /></>}>
            <Status of="" tone={healthy ? 'good' : 'bad'}>{healthy ? 'Nothing is bad' : 'Something is bad'}</Status>
          </PageHead>
          <Title order={2} mb="xs">Doors</Title>
          <div className="glance">{doors.map((door) => <OneDoor key={door.name} of={door} />)}</div>
          <Title order={2} mt="lg" mb="xs">Checks</Title>
          <ul className="checks">
            {checks.toSorted((one, other) => ORDER[one.verdict] - ORDER[other.verdict]).map((check, at) => <OneCheck key={`${check.name} ${at}`} of={check} />)}
          </ul>
        </>
      )}
    </Loaded>
  );
}

function OneDoor({ of }: { of: Door }) {
  return (
    <section aria-label={DOORS[of.name]}>
      <Title order={3} mb="xs">{DOORS[of.name]}</Title>
      {of.last_event_at ? (
        <Facts
          of={[
            ['Last event', <span className="mono" key="id">{of.last_event_id}</span>],
            ['Its age', of.age_seconds == null ? null : span(of.age_seconds)],
            ['Lag', of.lag_seconds == null ? null : `${span(of.lag_seconds)} from Stripe to its machine`],
          ]}
        />
      ) : <Text c="dimmed">No event came this way lately.</Text>}
    </section>
  );
}

function OneCheck({ of }: { of: Check }) {
  const page = SEEN[of.name.split(':')[0]!];
  return (
    <li>
      <Status of={of.verdict}>{of.verdict === 'ok' ? 'OK' : words(of.verdict)}</Status>
      <Text fw={of.verdict === 'ok' ? 400 : 600}>{page ? <Link className="link" to={page}>{words(of.name)}</Link> : words(of.name)}</Text>
      <div className="wrap">
        <Text className="wrap">{of.says}</Text>
        {of.do && <Copyable text={of.do} />}
      </div>
    </li>
  );
}
