export const whatif = {
  'whatif.title': 'What would be pushed',
  'whatif.note': 'Try another rule: nothing is changed or told by it.',
  'whatif.do': 'Preview',
  'whatif.same': { one: 'The {n} listing would be told what it is told now.', other: 'All {n} listings would be told what they are told now.' },
  'whatif.changed': { one: '{n} of {all} listings would be told another figure, {units} units in all; {sold} would be sold out.', other: '{n} of {all} listings would be told another figure, {units} units in all; {sold} would be sold out.' },
  'whatif.more': 'Only the first {most} listings were looked at.',
} as const;
