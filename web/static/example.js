// A made-up call, for those who have none at hand.
export const example = `Counselor: Child Helpline, Njeri speaking.
Caller: My name is Amina. I am calling from Kisumu about my nephew Brian, nine years old. He is beaten by his stepfather Otieno with a stick until he bleeds. It is physical abuse.
Counselor: Pole sana, how can we reach him?
Caller: You can reach me on 0300123456.
Counselor: Asante, we will help him.`;
