"""Poems by William Blake (1757–1827), from Songs of Innocence and of Experience (1794)."""

FITTED = """
Piping down the valleys wild,
Piping songs of pleasant glee,
On a cloud I saw a child,
And he laughing said to me:

Pipe a song about a Lamb!
So I piped with merry cheer.
Piper, pipe that song again;
So I piped: he wept to hear.

Drop thy pipe, thy happy pipe;
Sing thy songs of happy cheer!
So I sung the same again,
While he wept with joy to hear.

Little Lamb, who made thee?
Dost thou know who made thee?
Gave thee life, and bid thee feed,
By the stream and o'er the mead;
Gave thee clothing of delight,
Softest clothing, woolly, bright;
Gave thee such a tender voice,
Making all the vales rejoice?

To Mercy, Pity, Peace, and Love
All pray in their distress;
And to these virtues of delight
Return their thankfulness.

For Mercy, Pity, Peace, and Love
Is God, our Father dear,
And Mercy, Pity, Peace, and Love
Is man, His child and care.

Tyger, tyger, burning bright
In the forests of the night,
What immortal hand or eye
Could frame thy fearful symmetry?

In what distant deeps or skies
Burnt the fire of thine eyes?
On what wings dare he aspire?
What the hand dare seize the fire?

And what shoulder, and what art,
Could twist the sinews of thy heart?
And when thy heart began to beat,
What dread hand, and what dread feet?

What the hammer? what the chain?
In what furnace was thy brain?
What the anvil? what dread grasp
Dare its deadly terrors clasp?

When the stars threw down their spears,
And watered heaven with their tears,
Did He smile His work to see?
Did He who made the lamb make thee?

I wander through each chartered street,
Near where the chartered Thames does flow,
And mark in every face I meet
Marks of weakness, marks of woe.

In every cry of every man,
In every infant's cry of fear,
In every voice, in every ban,
The mind-forged manacles I hear.

How the chimney-sweeper's cry
Every blackening church appals,
And the hapless soldier's sigh
Runs in blood down palace-walls.

But most, through midnight streets I hear
How the youthful harlot's curse
Blasts the new-born infant's tear,
And blights with plagues the marriage hearse.

Little fly,
Thy summer's play
My thoughtless hand
Has brushed away.

Am not I
A fly like thee?
Or art not thou
A man like me?

For I dance,
And drink, and sing,
Till some blind hand
Shall brush my wing.

If thought is life
And strength and breath,
And the want
Of thought is death;

Then am I
A happy fly,
If I live
Or if I die.

I went to the Garden of Love,
And saw what I never had seen;
A Chapel was built in the midst,
Where I used to play on the green.

And the gates of this Chapel were shut,
And Thou shalt not writ over the door;
So I turned to the Garden of Love
That so many sweet flowers bore.

And I saw it was filled with graves,
And tombstones where flowers should be;
And priests in black gowns were walking their rounds,
And binding with briars my joys and desires.

O Rose, thou art sick!
The invisible worm,
That flies in the night,
In the howling storm,

Has found out thy bed
Of crimson joy,
And his dark secret love
Does thy life destroy.

Ah, Sunflower, weary of time,
Who countest the steps of the sun;
Seeking after that sweet golden clime
Where the traveller's journey is done;

Where the Youth pined away with desire,
And the pale virgin shrouded in snow,
Arise from their graves, and aspire
Where my Sunflower wishes to go!
"""

HELD_OUT = """
I was angry with my friend:
I told my wrath, my wrath did end.
I was angry with my foe:
I told it not, my wrath did grow.

And I watered it in fears
Night and morning with my tears,
And I sunned it with smiles
And with soft deceitful wiles.

And it grew both day and night,
Till it bore an apple bright,
And my foe beheld it shine,
And he knew that it was mine,

And into my garden stole
When the night had veiled the pole;
In the morning, glad, I see
My foe outstretched beneath the tree.
"""
