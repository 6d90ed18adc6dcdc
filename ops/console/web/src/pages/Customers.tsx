import { Text } from '@mantine/core';

import { Nothing, PageHead } from '../parts/basics';

export function Customers() {
  return (
    <>
      <PageHead title="Customers" />
      <Nothing title="Whom are you looking for?">
        Search above for a user id, an e-mail address, a Stripe id (cus_, sub_, in_, pi_, cs_, ch_, evt_) or an execution.
        <Text span display="block" c="dimmed">Who owes something stands under Dunning.</Text>
      </Nothing>
    </>
  );
}
