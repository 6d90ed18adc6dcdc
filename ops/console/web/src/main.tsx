import '@mantine/core/styles.css';
import '@xyflow/react/dist/base.css';
import './page.css';

import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router';

import { queries } from './data';
import { Frame } from './frame/Frame';
import { styleNonce } from './nonce';
import { theme } from './theme';

createRoot(document.getElementById('root')!).render(
  <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={styleNonce}>
    <QueryClientProvider client={queries}>
      <BrowserRouter>
        <Frame />
      </BrowserRouter>
    </QueryClientProvider>
  </MantineProvider>,
);
