import { ActionIcon, useMantineColorScheme } from '@mantine/core';

const NEXT = { auto: 'light', light: 'dark', dark: 'auto' } as const;
const NAMES = { auto: 'as your system', light: 'light', dark: 'dark' };

export function Colours() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const label = `Colours: ${NAMES[colorScheme]}. Switch to ${NAMES[NEXT[colorScheme]]}.`;
  return (
    <ActionIcon variant="default" size="lg" onClick={() => setColorScheme(NEXT[colorScheme])} aria-label={label} title={label}>
      <svg viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" strokeWidth="1.4" aria-hidden>
        {colorScheme === 'auto' && <><circle cx="8" cy="8" r="5.500" /><path d="M8 2.500a5.500 5.500 0 0 1 0 11z" fill="currentColor" /></>}
        {colorScheme === 'light' && <><circle cx="8" cy="8" r="3" /><path d="M8 .8v2M8 13.200v2M.8 8h2M13.200 8h2M3 3l1.300 1.300M11.700 11.700 13 13M13 3l-1.300 1.300M4.300 11.700 3 13" /></>}
        {colorScheme === 'dark' && <path d="M13.500 9.800A6 6 0 0 1 6.200 2.500a6 6 0 1 0 7.300 7.300z" />}
      </svg>
    </ActionIcon>
  );
}
