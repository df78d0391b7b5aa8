"""Who else sets up NICs in the crash kernel? What an image and its command line claim.

It may import `links`, `network` and `whom`. Never put here: what the answer means for us.

claim           what one setting says of NICs, and whether that is a device of ours
look            all that an image has to do with NICs, and all claims (looks at the image)
networkmanager  its profiles, and which NICs it may touch
networkd        its .network files
words           what dracut's words claim, and which program acts on which
crashline       the words of the command line that kdump will load the image with
surroundings    all of it together, as the manifest keeps it
ini             files of sections and settings
"""
